package main

import (
	"bytes"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

const (
	clusterURL  = "type.googleapis.com/envoy.config.cluster.v3.Cluster"
	listenerURL = "type.googleapis.com/envoy.config.listener.v3.Listener"
	endpointURL = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment"
	service     = "/envoy.service.discovery.v3.AggregatedDiscoveryService/"
)

// Fields of DiscoveryResponse and DeltaDiscoveryResponse: those of interest have the same numbers.
const (
	versionInResponse  = 1
	resourceInResponse = 2
	typeInResponse     = 4
	nonceInResponse    = 5
)

// round is one change that all clients wait for.
type round struct {
	mark []byte // stands in the changed resource and nowhere else
	seen []time.Time
	left atomic.Int64
	done chan struct{}
}

func newRound(mark string, clients int) *round {
	r := &round{mark: []byte(mark), seen: make([]time.Time, clients), done: make(chan struct{})}
	r.left.Store(int64(clients))
	return r
}

func (r *round) see(number int) {
	if r.seen[number].IsZero() {
		r.seen[number] = time.Now()
		if r.left.Add(-1) == 0 {
			close(r.done)
		}
	}
}

// want is how many resources of each type make the first state of a client whole.
type want struct {
	clusters, listeners, endpoints int
}

// client is an Envoy that accepts all it gets. It never decodes a resource.
type client struct {
	number int
	delta  bool
	want   want
	got    map[string]int
	stream *stream
	first  *round // ends when every client has its first state
	full   func() // called when this one has it
	now    *atomic.Pointer[round]
}

func (c *client) run(address string) error {
	method := "StreamAggregatedResources"
	if c.delta {
		method = "DeltaAggregatedResources"
	}
	var err error
	if c.stream, err = open(address, service+method); err != nil {
		return err
	}
	if err = c.stream.send(c.request(clusterURL, "", "", c.node())); err != nil {
		return err
	}
	if c.want.listeners > 0 {
		if err = c.stream.send(c.request(listenerURL, "", "", nil)); err != nil {
			return err
		}
	}
	return c.stream.receive(c.take)
}

func (c *client) node() []byte {
	number := protowire.Number(2) // DiscoveryRequest.node
	if c.delta {
		number = 1
	}
	node := text(nil, 1, fmt.Sprintf("node-%05d", c.number))
	node = text(node, 2, "bench")
	node = text(node, 6, "envoy")
	return text(nil, number, string(node))
}

// request encodes a request; more holds further fields.
func (c *client) request(url, version, nonce string, more []byte) []byte {
	request := append([]byte(nil), more...)
	if c.delta {
		request = text(request, 2, url)
		return text(request, 6, nonce)
	}
	request = text(request, 1, version)
	request = text(request, 4, url)
	return text(request, 5, nonce)
}

func (c *client) take(message []byte) error {
	var url, version, nonce string
	resources := 0
	for rest := message; len(rest) > 0; {
		number, kind, head := protowire.ConsumeTag(rest)
		if head < 0 || kind != protowire.BytesType {
			return errors.New("a response that is none")
		}
		value, length := protowire.ConsumeBytes(rest[head:])
		if length < 0 {
			return errors.New("a response that ends too early")
		}
		rest = rest[head+length:]
		switch number {
		case versionInResponse:
			version = string(value)
		case resourceInResponse:
			resources++
		case typeInResponse:
			url = string(value)
		case nonceInResponse:
			nonce = string(value)
		}
	}
	if r := c.now.Load(); r != nil && bytes.Contains(message, r.mark) {
		r.see(c.number)
	}
	if err := c.stream.send(c.request(url, version, nonce, nil)); err != nil {
		return err
	}
	return c.count(url, resources)
}

// count notes what the first state has so far, and asks for endpoints when the clusters are there.
func (c *client) count(url string, resources int) error {
	if c.got == nil {
		return nil
	}
	c.got[url] += resources
	if url == clusterURL && c.want.endpoints > 0 && c.got[clusterURL] == c.want.clusters {
		if err := c.stream.send(c.request(endpointURL, "", "", names(c.want.endpoints))); err != nil {
			return err
		}
	}
	if c.got[clusterURL] >= c.want.clusters && c.got[listenerURL] >= c.want.listeners &&
		c.got[endpointURL] >= c.want.endpoints {
		c.got = nil
		c.first.see(c.number)
		c.full()
	}
	return nil
}

// names asks a delta stream for the endpoints of each cluster.
func names(count int) []byte {
	var asked []byte
	for number := range count {
		asked = text(asked, 3, fmt.Sprintf("c-%05d", number))
	}
	return asked
}

func text(to []byte, number protowire.Number, value string) []byte {
	if value == "" {
		return to
	}
	return protowire.AppendString(protowire.AppendTag(to, number, protowire.BytesType), value)
}
