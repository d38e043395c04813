package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	cluster "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	endpoint "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	listener "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	route "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	// What the listeners hold.
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/router/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	"github.com/envoyproxy/go-control-plane/pkg/cache/types"
	"github.com/envoyproxy/go-control-plane/pkg/cache/v3"
	"github.com/envoyproxy/go-control-plane/pkg/resource/v3"
	"google.golang.org/protobuf/encoding/protojson"
)

var typeOf = map[string]resource.Type{
	"Cluster":  resource.ClusterType,
	"Endpoint": resource.EndpointType,
	"Listener": resource.ListenerType,
	"Route":    resource.RouteType,
}

type manifest struct {
	Kind string `json:"kind"`
	Spec struct {
		Config json.RawMessage `json:"config"`
	} `json:"spec"`
}

func read(folder string) (map[resource.Type]map[string]types.Resource, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		return nil, err
	}
	read := map[resource.Type]map[string]types.Resource{}
	for _, file := range files {
		kind, message, err := readOne(file)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		url := typeOf[kind]
		if read[url] == nil {
			read[url] = map[string]types.Resource{}
		}
		read[url][cache.GetResourceName(message)] = message
	}
	return read, nil
}

func readOne(file string) (string, types.Resource, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return "", nil, err
	}
	var found manifest
	if err = json.Unmarshal(content, &found); err != nil {
		return "", nil, err
	}
	messages := map[string]types.Resource{
		"Cluster":  &cluster.Cluster{},
		"Endpoint": &endpoint.ClusterLoadAssignment{},
		"Listener": &listener.Listener{},
		"Route":    &route.RouteConfiguration{},
	}
	message, ok := messages[found.Kind]
	if !ok {
		return "", nil, fmt.Errorf("kind %q", found.Kind)
	}
	return found.Kind, message, protojson.Unmarshal(found.Spec.Config, message)
}
