package main

import (
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// received is what one client got since the last count.
type received struct {
	partial atomic.Bool // its first answer of a type did not hold all

	mutex    sync.Mutex
	bytes    int
	messages []time.Time
	versions map[string]struct{} // names and versions of resources; nil until somebody has counted: the first state is large
}

func (r *received) nothing() bool {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return len(r.messages) == 0
}

func (r *received) begin(bytes int) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.bytes += bytes
	r.messages = append(r.messages, time.Now())
}

// note remembers which version of which resource has come; in state of the world resources have none.
func (r *received) note(resource []byte, delta bool) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.versions == nil || !delta {
		return
	}
	name, version := parts(resource)
	r.versions[name+" "+version] = struct{}{}
}

func nameOf(resource []byte) string {
	name, _ := parts(resource)
	return name
}

// parts returns the name and the version of a resource of a delta response.
func parts(resource []byte) (string, string) {
	const version, name = 1, 3
	var found [4]string
	for rest := resource; len(rest) > 0; {
		number, kind, head := protowire.ConsumeTag(rest)
		if head < 0 {
			break
		}
		length := protowire.ConsumeFieldValue(number, kind, rest[head:])
		if length < 0 {
			break
		}
		if number == version || number == name {
			value, _ := protowire.ConsumeBytes(rest[head:])
			found[number] = string(value)
		}
		rest = rest[head+length:]
	}
	return found[name], found[version]
}

// count says what all clients got since the one before.
type count struct {
	Fewest   int     `json:"fewest"`   // messages of the client that got the fewest
	Most     int     `json:"most"`     // messages of the one that got the most
	Bytes    int     `json:"bytes"`    // of all clients
	Versions int     `json:"versions"` // different versions of resources at the client that saw the fewest
	Partial  int     `json:"partial"`  // clients whose first answer did not hold all, from the start
	Arrivals []int64 `json:"arrivals"` // when the last client had its first message, its second one, ...
}

func counted(all []*client) count {
	var total count
	for at, one := range all {
		r := &one.received
		if r.partial.Load() {
			total.Partial++
		}
		r.mutex.Lock()
		messages, versions := len(r.messages), len(r.versions)
		if at == 0 {
			total.Fewest, total.Versions = messages, versions
		}
		total.Fewest, total.Versions = min(total.Fewest, messages), min(total.Versions, versions)
		total.Most = max(total.Most, messages)
		total.Bytes += r.bytes
		for number, moment := range r.messages {
			if number == len(total.Arrivals) {
				total.Arrivals = append(total.Arrivals, 0)
			}
			total.Arrivals[number] = max(total.Arrivals[number], moment.UnixNano())
		}
		r.bytes, r.messages, r.versions = 0, nil, map[string]struct{}{}
		r.mutex.Unlock()
	}
	return total
}
