{{/* Envoy's clusters, each once, as JSON: {<name>: {address, port, http2}}. Two upstreams may share a backend. */}}
{{- define "envoy.clusters" -}}
{{- $found := dict "envoy_admin" dict -}}
{{- range $upstream, $each := .Values.upstreams -}}
{{- range $address, $backend := $each.backends -}}
{{- $name := $address | replace "." "_" -}}
{{- $http2 := ternary (dig "http2" "protocol_options" dict $backend | default dict) false (dig "http2" "enabled" false $backend) -}}
{{- $cluster := dict "address" $address "port" (int $backend.port) "http2" $http2 -}}
{{- if and (hasKey $found $name) (ne (toJson (get $found $name)) (toJson $cluster)) -}}
{{- fail (printf "upstreams.%s.backends.%s: there is another cluster %s already; its address, port and http2 must be the same" $upstream $address $name) -}}
{{- end -}}
{{- $_ := set $found $name $cluster -}}
{{- end -}}
{{- end -}}
{{- toJson (omit $found "envoy_admin") -}}
{{- end -}}

{{/* An address to listen at: (list <address> <port>) */}}
{{- define "envoy.socketAddress" -}}
socket_address:
  address: {{ first . | quote }}
  port_value: {{ last . | int }}
  {{- if contains ":" (first .) }}
  ipv4_compat: true
  {{- end }}
{{- end -}}

{{- define "envoy.bootstrap" -}}
{{- $adminPort := .Values.ports.admin.containerPort -}}
admin:
  address:
    {{- if .Values.admin.public }}
    {{- include "envoy.socketAddress" (list .Values.bindAddress $adminPort) | nindent 4 }}
    {{- else }}
    {{- include "envoy.socketAddress" (list "127.0.0.1" .Values.admin.port) | nindent 4 }}
    {{- end }}
  ignore_global_conn_limit: true
overload_manager:
  resource_monitors:
    - name: envoy.resource_monitors.global_downstream_max_connections
      typed_config:
        "@type": type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig
        max_active_downstream_connections: 50000
static_resources:
  listeners:
    - name: listener_0
      address:
        {{- include "envoy.socketAddress" (list .Values.bindAddress .Values.ports.n0.containerPort) | nindent 8 }}
      filter_chains:
        - filters:
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: ingress_http
                codec_type: {{ upper .Values.codecType }}
                {{- if .Values.accessLog }}
                access_log:
                  - name: envoy.access_loggers.stdout
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog
                {{- end }}
                rds:
                  route_config_name: {{ .Values.route.name | quote }}
                  config_source:
                    resource_api_version: V3
                    path_config_source:
                      path: /srv/runtime/current/rds.yaml
                http_filters:
                  - name: envoy.filters.http.router
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
    {{- if not .Values.admin.public }}
    # Of the admin page, what may be seen from outside.
    - name: admin
      address:
        {{- include "envoy.socketAddress" (list .Values.bindAddress $adminPort) | nindent 8 }}
      ignore_global_conn_limit: true
      filter_chains:
        - filters:
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: admin
                route_config:
                  name: admin
                  virtual_hosts:
                    - name: admin
                      domains: ["*"]
                      routes:
                        - match:
                            path: /ready
                          route:
                            cluster: envoy_admin
                        - match:
                            path: /stats/prometheus
                          route:
                            cluster: envoy_admin
                http_filters:
                  - name: envoy.filters.http.router
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
    {{- end }}
  clusters:
    {{- range $name, $cluster := include "envoy.clusters" . | fromJson }}
    - name: {{ $name }}
      type: STRICT_DNS
      connect_timeout: {{ $.Values.connectTimeout }}
      dns_lookup_family: {{ $.Values.dnsLookupFamily }}
      lb_policy: ROUND_ROBIN
      # A host that DNS no longer has goes at once, even if a health check still likes it.
      ignore_health_on_host_removal: true
      {{- if kindIs "map" $cluster.http2 }}
      typed_extension_protocol_options:
        envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
          "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
          explicit_http_config:
            http2_protocol_options: {{ toJson $cluster.http2 }}
      {{- end }}
      load_assignment:
        cluster_name: {{ $name }}
        endpoints:
          - lb_endpoints:
              - endpoint:
                  address:
                    socket_address:
                      address: {{ $cluster.address | quote }}
                      port_value: {{ int $cluster.port }}
    {{- end }}
    {{- if not .Values.admin.public }}
    - name: envoy_admin
      type: STATIC
      connect_timeout: 1s
      load_assignment:
        cluster_name: envoy_admin
        endpoints:
          - lb_endpoints:
              - endpoint:
                  address:
                    {{- include "envoy.socketAddress" (list "127.0.0.1" .Values.admin.port) | nindent 20 }}
    {{- end }}
{{- end -}}

{{- define "envoy.routes" -}}
version_info: "0"
resources:
  - "@type": type.googleapis.com/envoy.config.route.v3.RouteConfiguration
    name: {{ .Values.route.name | quote }}
    # A Pod whose bootstrap is older keeps its routes, rather than send requests to a cluster that it does not have.
    validate_clusters: true
    {{- if gt (len .Values.upstreams) 1 }}
    # "podinfo:10000" is for "podinfo".
    ignore_port_in_host_matching: true
    {{- end }}
    virtual_hosts:
      {{- range $name, $upstream := .Values.upstreams }}
      - name: {{ $name | quote }}
        domains: {{ default (list "*") $upstream.domains | toJson }}
        routes:
          - match:
              prefix: /
            route:
              weighted_clusters:
                clusters:
                  {{- range $backend, $each := $upstream.backends }}
                  - name: {{ $backend | replace "." "_" }}
                    weight: {{ int64 $each.weight }}
                    {{- with $each.request_headers_to_add }}
                    request_headers_to_add:
                      {{- toYaml . | nindent 22 }}
                    {{- end }}
                    {{- with merge dict (default dict $each.typed_per_filter_config) (default dict $each.per_filter_config) }}
                    typed_per_filter_config:
                      {{- toYaml . | nindent 22 }}
                    {{- end }}
                  {{- end }}
      {{- else }}
      []
      {{- end }}
{{- end -}}
