// Command load is many Envoys: it connects them to an xDS server and tells when a change has reached them.
//
// When all have their first state it writes a line. Then it reads marks, a line each: it writes a line when it looks for
// the mark, and one when every client has received a response with it. Lines are JSON; moments are nanoseconds of the
// system's clock, so whoever makes the change can compare them with its own. In place of a mark there may be "=": then it
// writes what clients have received since the last one.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"slices"
	"sync/atomic"
	"time"
)

// report says when the clients saw what they waited for.
type report struct {
	Began  int64 `json:"began"`
	Median int64 `json:"median"`
	Last   int64 `json:"last"`
}

func main() {
	log.SetFlags(0)
	address := flag.String("address", "", "the server")
	clients := flag.Int("clients", 1, "how many")
	sotw := flag.Bool("sotw", false, "state of the world; else delta")
	parallel := flag.Int("parallel", 0, "how many may wait for their first state at a time; 0 for all")
	var wanted want
	flag.IntVar(&wanted.clusters, "clusters", 0, "clusters of the first state")
	flag.IntVar(&wanted.listeners, "listeners", 0, "listeners of the first state")
	flag.IntVar(&wanted.endpoints, "endpoints", 0, "clusters whose endpoints are asked for by name (delta only)")
	ask := flag.String("ask", "", "the one name of endpoints to ask for (delta only); else those of all the clusters")
	flag.StringVar(&wanted.route, "route", "", "the name of the routes to ask for (delta only)")
	follow := flag.String("follow", "", "ask for the endpoints of clusters whose names begin so, as they come (delta only)")
	in := flag.String("in", "", "the URL of the type that marks are looked for in; else any")
	from := flag.Int("from", 0, "the number of the first")
	suffix := flag.String("suffix", "", "what stands behind the number in the id of a node")
	over := flag.Duration("over", 0, "the time over which they come; else as fast as they can")
	leave := flag.Bool("leave", false, "each goes when it has its first state")
	authority := flag.String("authority", "", "the authority that the server's certificate is of; else nothing is encrypted")
	certificates := flag.String("certificates", "", "the folder of the certificate of each node")
	flag.Parse()
	trusted, err := trust(*authority, *certificates)
	if err != nil {
		log.Fatal(err)
	}
	asked := wanted.names(*ask)
	all := make([]*client, *clients)

	var now atomic.Pointer[round]
	first := newRound("", "", *clients)
	places := make(chan struct{}, max(*parallel, 1))
	for number := range *clients {
		all[number] = &client{
			number: number, id: fmt.Sprintf("node-%05d%s", *from+number, *suffix), delta: !*sotw, want: wanted, ask: asked,
			got: map[string]int{}, first: first, now: &now, full: func() { freed(places, *parallel > 0) }, leave: *leave,
			follow: *follow, asked: map[string]bool{},
		}
		if all[number].secure, err = trusted.of(all[number].id); err != nil {
			log.Fatal(err)
		}
	}
	began := time.Now()
	go func() {
		for number, one := range all {
			if *parallel > 0 {
				places <- struct{}{}
			}
			time.Sleep(time.Until(began.Add(*over * time.Duration(number) / time.Duration(*clients))))
			go func() {
				if err := one.run(*address); err != nil {
					log.Fatalf("client %d: %v", number, err)
				}
			}()
		}
	}()
	tell(first, began)

	marks := bufio.NewScanner(os.Stdin)
	for marks.Scan() {
		if marks.Text() == "=" {
			write(counted(all))
			continue
		}
		next := newRound(marks.Text(), *in, *clients)
		now.Store(next)
		began = time.Now()
		write(report{Began: began.UnixNano()})
		tell(next, began)
		now.Store(nil)
	}
}

func freed(places chan struct{}, limited bool) {
	if limited {
		<-places
	}
}

// tell waits until all clients have seen what they wait for, and says so.
func tell(r *round, began time.Time) {
	<-r.done
	seen := slices.SortedFunc(slices.Values(r.seen), time.Time.Compare)
	write(report{Began: began.UnixNano(), Median: seen[len(seen)/2].UnixNano(), Last: seen[len(seen)-1].UnixNano()})
}

func write(line any) {
	if err := json.NewEncoder(os.Stdout).Encode(line); err != nil {
		log.Fatal(err)
	}
}
