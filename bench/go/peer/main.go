// Command peer is a small control plane on go-control-plane, configured as that library's documentation advises: what
// legation is measured against.
//
// It reads the manifests of a folder once, says where it listens, and then reads changes, a line each:
// `KIND NAME MARK` gives a Cluster or a ClusterLoadAssignment a field with that mark.
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"strings"
	"time"

	cluster "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	endpoint "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	discovery "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"github.com/envoyproxy/go-control-plane/pkg/cache/types"
	"github.com/envoyproxy/go-control-plane/pkg/cache/v3"
	"github.com/envoyproxy/go-control-plane/pkg/resource/v3"
	"github.com/envoyproxy/go-control-plane/pkg/server/sotw/v3"
	xdsserver "github.com/envoyproxy/go-control-plane/pkg/server/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/protobuf/proto"
)

const group = "all"

// oneGroup gives every node the same snapshot: the cheapest way that the library has to serve many Envoys alike.
type oneGroup struct{}

func (oneGroup) ID(*core.Node) string { return group }

// state is what is served: a snapshot of all types, or a linear cache for those that were asked to have one.
type state struct {
	resources map[resource.Type]map[string]types.Resource
	sets      map[resource.Type]cache.Resources
	snapshots cache.SnapshotCache
	linear    map[resource.Type]*cache.LinearCache
	version   int
}

func newState(resources map[resource.Type]map[string]types.Resource, linear []string) (*state, error) {
	s := &state{
		resources: resources,
		sets:      map[resource.Type]cache.Resources{},
		snapshots: cache.NewSnapshotCache(true, oneGroup{}, nil),
		linear:    map[resource.Type]*cache.LinearCache{},
	}
	for _, url := range linear {
		s.linear[url] = cache.NewLinearCache(url, cache.WithInitialResources(resources[url]))
	}
	for url := range resources {
		s.collect(url)
	}
	return s, s.publish()
}

// served is the cache that the server asks.
func (s *state) served() cache.Cache {
	if len(s.linear) == 0 {
		return s.snapshots
	}
	all := map[string]cache.Cache{"": s.snapshots}
	for url, each := range s.linear {
		all[url] = each
	}
	key := func(url string) string {
		if _, ok := s.linear[url]; ok {
			return url
		}
		return ""
	}
	return &cache.MuxCache{
		Classify:      func(request *cache.Request) string { return key(request.GetTypeUrl()) },
		ClassifyDelta: func(request *cache.DeltaRequest) string { return key(request.GetTypeUrl()) },
		Caches:        all,
	}
}

// collect makes the set of a type anew; the sets of the other types stay.
func (s *state) collect(url resource.Type) {
	s.version++
	members := make([]types.Resource, 0, len(s.resources[url]))
	for _, each := range s.resources[url] {
		members = append(members, each)
	}
	s.sets[url] = cache.NewResources(fmt.Sprint(s.version), members)
}

func (s *state) publish() error {
	snapshot := &cache.Snapshot{}
	for url, set := range s.sets {
		if _, ok := s.linear[url]; !ok {
			snapshot.Resources[cache.GetResponseType(url)] = set
		}
	}
	return s.snapshots.SetSnapshot(context.Background(), group, snapshot)
}

func (s *state) change(kind, name, mark string) error {
	url := typeOf[kind]
	old, ok := s.resources[url][name]
	if !ok {
		return fmt.Errorf("no %s is called %s", kind, name)
	}
	changed := proto.Clone(old)
	switch message := changed.(type) {
	case *cluster.Cluster:
		message.AltStatName = mark
	case *endpoint.ClusterLoadAssignment:
		message.Endpoints[0].LbEndpoints[0].GetEndpoint().Hostname = mark
	}
	s.resources[url][name] = changed
	if each, ok := s.linear[url]; ok {
		return each.UpdateResource(name, changed)
	}
	s.collect(url)
	return s.publish()
}

func main() {
	log.SetFlags(0)
	folder := flag.String("folder", "", "the manifests")
	linear := flag.String("linear", "", "type URLs, with commas between, that get a LinearCache instead of the snapshot")
	flag.Parse()
	resources, err := read(*folder)
	if err != nil {
		log.Fatal(err)
	}
	all, err := newState(resources, strings.FieldsFunc(*linear, func(each rune) bool { return each == ',' }))
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go func() { log.Fatal(serve(listener, all.served())) }()
	fmt.Println(listener.Addr())
	changes := bufio.NewScanner(os.Stdin)
	for changes.Scan() {
		words := strings.Fields(changes.Text())
		if err := all.change(words[0], words[1], words[2]); err != nil {
			log.Fatal(err)
		}
	}
}

func serve(listener net.Listener, served cache.Cache) error {
	// The values of the library's own example.
	server := grpc.NewServer(
		grpc.MaxConcurrentStreams(1000000),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: 30 * time.Second, Timeout: 5 * time.Second}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 30 * time.Second, PermitWithoutStream: true}),
	)
	xds := xdsserver.NewServer(context.Background(), served, nil, sotw.WithOrderedADS())
	discovery.RegisterAggregatedDiscoveryServiceServer(server, xds)
	return server.Serve(listener)
}
