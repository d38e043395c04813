package main

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

const (
	clusterURL  = "type.googleapis.com/envoy.config.cluster.v3.Cluster"
	listenerURL = "type.googleapis.com/envoy.config.listener.v3.Listener"
	endpointURL = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment"
	routeURL    = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration"
	service     = "/envoy.service.discovery.v3.AggregatedDiscoveryService/"
	patience    = time.Minute
	pause       = 10 * time.Millisecond
)

// errLeft ends the call of one that has what it came for.
var errLeft = errors.New("it goes")

// Fields of DiscoveryResponse and DeltaDiscoveryResponse: those of interest have the same numbers.
const (
	versionInResponse  = 1
	resourceInResponse = 2
	typeInResponse     = 4
	nonceInResponse    = 5
	removedInResponse  = 6 // of DeltaDiscoveryResponse
)

// round is one change that all clients wait for.
type round struct {
	mark []byte // stands in the changed resource and nowhere else, as far as it is looked for
	in   string // the type that it is looked for in; empty for all
	seen []time.Time
	left atomic.Int64
	done chan struct{}
}

func newRound(mark, in string, clients int) *round {
	r := &round{mark: []byte(mark), in: in, seen: make([]time.Time, clients), done: make(chan struct{})}
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
	route                          string // the one that is asked for; empty for none
}

func (w want) of(url string) int {
	return map[string]int{
		clusterURL: w.clusters, listenerURL: w.listeners, endpointURL: w.endpoints, routeURL: min(len(w.route), 1),
	}[url]
}

// names returns the endpoints that are asked for: that one, else those of each cluster.
func (w want) names(one string) []string {
	if one != "" {
		return []string{one}
	}
	var all []string
	for number := range w.endpoints {
		all = append(all, fmt.Sprintf("c-%05d", number))
	}
	return all
}

// client is an Envoy that accepts all it gets. It never decodes a resource.
type client struct {
	number   int
	id       string
	delta    bool
	want     want
	ask      []string // the endpoints that it asks for when it has its clusters
	asked    map[string]bool
	follow   string // what clusters are called whose endpoints it asks for when they come; empty: as ask says
	got      map[string]int
	stream   *stream
	first    *round // ends when every client has its first state
	full     func() // called when this one has it
	leave    bool   // whether it then goes
	secure   *tls.Config
	now      *atomic.Pointer[round]
	received received
}

// run goes on until the call ends. A server that is only starting is waited for.
func (c *client) run(address string) error {
	for end := time.Now().Add(patience); ; time.Sleep(pause) {
		err := c.attempt(address)
		starting := errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ECONNRESET)
		if !starting || !c.received.nothing() || time.Now().After(end) {
			return err
		}
	}
}

func (c *client) attempt(address string) error {
	method := "StreamAggregatedResources"
	if c.delta {
		method = "DeltaAggregatedResources"
	}
	var err error
	if c.stream, err = open(address, service+method, c.secure); err != nil {
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
	if c.want.route != "" {
		if err = c.stream.send(c.request(routeURL, "", "", names([]string{c.want.route}))); err != nil {
			return err
		}
	}
	if err = c.stream.receive(c.take); errors.Is(err, errLeft) {
		return c.stream.close()
	}
	return err
}

func (c *client) node() []byte {
	number := protowire.Number(2) // DiscoveryRequest.node
	if c.delta {
		number = 1
	}
	node := text(nil, 1, c.id)
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
	var come, gone []string
	c.received.begin(len(message) + messageHead)
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
			c.received.note(value, c.delta)
			if c.follow != "" {
				come = append(come, nameOf(value))
			}
		case typeInResponse:
			url = string(value)
		case nonceInResponse:
			nonce = string(value)
		case removedInResponse:
			gone = append(gone, string(value))
		}
	}
	if r := c.now.Load(); r != nil && (r.in == "" || r.in == url) && bytes.Contains(message, r.mark) {
		r.see(c.number)
	}
	if err := c.stream.send(c.request(url, version, nonce, nil)); err != nil {
		return err
	}
	if url == clusterURL && c.follow != "" {
		if err := c.followed(come, gone); err != nil {
			return err
		}
	}
	return c.count(url, resources)
}

// count notes what the first state has so far, and asks for endpoints when the clusters are there.
func (c *client) count(url string, resources int) error {
	if c.got == nil {
		return nil
	}
	if _, again := c.got[url]; !again && resources < c.want.of(url) {
		c.received.partial.Store(true)
	}
	c.got[url] += resources
	if url == clusterURL && c.want.endpoints > 0 && c.follow == "" && c.got[clusterURL] == c.want.clusters {
		if err := c.stream.send(c.request(endpointURL, "", "", names(c.ask))); err != nil {
			return err
		}
	}
	if c.got[clusterURL] >= c.want.clusters && c.got[listenerURL] >= c.want.listeners &&
		c.got[endpointURL] >= c.want.endpoints && c.got[routeURL] >= c.want.of(routeURL) {
		c.got = nil
		c.first.see(c.number)
		c.full()
		if c.leave {
			return errLeft
		}
	}
	return nil
}

// followed asks for the endpoints of clusters that have come, and no more for those of clusters that are gone.
func (c *client) followed(come, gone []string) error {
	const subscribe, unsubscribe = 3, 4
	var asked []byte
	for _, name := range come {
		if strings.HasPrefix(name, c.follow) && !c.asked[name] {
			c.asked[name] = true
			asked = text(asked, subscribe, name)
		}
	}
	for _, name := range gone {
		if c.asked[name] {
			delete(c.asked, name)
			asked = text(asked, unsubscribe, name)
		}
	}
	if len(asked) == 0 {
		return nil
	}
	return c.stream.send(c.request(endpointURL, "", "", asked))
}

// names asks a delta stream for these.
func names(all []string) []byte {
	var asked []byte
	for _, name := range all {
		asked = text(asked, 3, name)
	}
	return asked
}

func text(to []byte, number protowire.Number, value string) []byte {
	if value == "" {
		return to
	}
	return protowire.AppendString(protowire.AppendTag(to, number, protowire.BytesType), value)
}
