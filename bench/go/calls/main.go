// Command calls is many callers of the management API, each with a connection of its own and one call at a time.
//
// What they send was encoded before: a file of messages, each behind its length. Of it each caller has the messages
// whose number leaves its own as the remainder, so that no two change one object, and sends them round after round. It
// reads how long they are to go on, a line each, and writes what became of it, as JSON.
package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// report says what became of the calls; times are nanoseconds.
type report struct {
	Calls   int     `json:"calls"`
	Failed  int     `json:"failed"`
	Words   string  `json:"words"` // of one that failed
	Seconds float64 `json:"seconds"`
	Median  int64   `json:"median"`
	Worst   int64   `json:"worst"` // only one of a hundred took longer
}

// plain hands bytes through.
type plain struct{}

func (plain) Marshal(value any) ([]byte, error)      { return *value.(*[]byte), nil }
func (plain) Unmarshal(data []byte, value any) error { *value.(*[]byte) = data; return nil }
func (plain) Name() string                           { return "proto" }

// caller is one of them.
type caller struct {
	to       *grpc.ClientConn
	method   string
	messages [][]byte
	next     int
	took     []time.Duration
	failed   int
	words    string
}

func (c *caller) run(until time.Time) {
	c.took, c.failed, c.words = c.took[:0], 0, ""
	for time.Now().Before(until) {
		var answer []byte
		begun := time.Now()
		err := c.to.Invoke(context.Background(), c.method, &c.messages[c.next], &answer, grpc.ForceCodec(plain{}))
		c.took = append(c.took, time.Since(begun))
		if err != nil {
			c.failed++
			c.words = err.Error()
		}
		c.next = (c.next + 1) % len(c.messages)
	}
}

func main() {
	log.SetFlags(0)
	address := flag.String("address", "", "the server")
	method := flag.String("method", "/legation.management.v1.Management/Apply", "what is called")
	number := flag.Int("callers", 1, "how many")
	file := flag.String("messages", "", "the file of messages")
	flag.Parse()
	all := callers(*address, *method, *number, read(*file))
	fmt.Println("ready")

	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		length, err := time.ParseDuration(lines.Text())
		if err != nil {
			log.Fatal(err)
		}
		if err := json.NewEncoder(os.Stdout).Encode(run(all, length)); err != nil {
			log.Fatal(err)
		}
	}
}

func read(file string) [][]byte {
	data, err := os.ReadFile(file)
	if err != nil {
		log.Fatal(err)
	}
	var messages [][]byte
	for len(data) > 0 {
		length := binary.BigEndian.Uint32(data)
		messages = append(messages, data[4:4+length])
		data = data[4+length:]
	}
	return messages
}

func callers(address, method string, number int, messages [][]byte) []*caller {
	all := make([]*caller, number)
	for each := range all {
		connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			log.Fatal(err)
		}
		connection.Connect()
		all[each] = &caller{to: connection, method: method}
	}
	for each, message := range messages {
		one := all[each%number]
		one.messages = append(one.messages, message)
	}
	return all
}

func run(all []*caller, length time.Duration) report {
	begun := time.Now()
	var done sync.WaitGroup
	for _, one := range all {
		done.Add(1)
		go func() {
			defer done.Done()
			one.run(begun.Add(length))
		}()
	}
	done.Wait()
	total := report{Seconds: time.Since(begun).Seconds()}
	var took []time.Duration
	for _, one := range all {
		took = append(took, one.took...)
		total.Failed += one.failed
		if one.words != "" {
			total.Words = one.words
		}
	}
	slices.Sort(took)
	total.Calls = len(took)
	total.Median, total.Worst = int64(took[len(took)/2]), int64(took[len(took)*99/100])
	return total
}
