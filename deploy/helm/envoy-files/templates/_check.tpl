{{/* What a schema cannot see; each refusal says where, what, and how to mend it. */}}
{{- define "envoy.check" -}}
{{- if hasKey .Values "services" -}}
{{- fail "services: this map is called upstreams now; rename it, all in it stays as it is" -}}
{{- end -}}
{{- $taken := dict -}}
{{- $several := gt (len .Values.upstreams) 1 -}}
{{- range $name, $upstream := .Values.upstreams -}}
{{- if and $several (not $upstream.domains) -}}
{{- fail (printf "upstreams.%s.domains: with several upstreams each says which hosts are for it, such as [%s, \"%s.*\"]; one of them may have [\"*\"]" $name $name $name) -}}
{{- end -}}
{{- range $domain := default (list "*") $upstream.domains -}}
{{- if hasKey $taken (lower $domain) -}}
{{- fail (printf "upstreams.%s.domains: %q stands in upstreams.%s too; Envoy takes a domain once" $name $domain (get $taken (lower $domain))) -}}
{{- end -}}
{{- $_ := set $taken (lower $domain) $name -}}
{{- end -}}
{{- $sum := 0 -}}
{{- range $backend, $each := $upstream.backends -}}
{{- $sum = add $sum (int64 $each.weight) -}}
{{- range $filter, $config := $each.per_filter_config -}}
{{- if not (and (kindIs "map" $config) (hasKey $config "@type")) -}}
{{- fail (printf "upstreams.%s.backends.%s.per_filter_config.%s: Envoy's API v3 needs its \"@type\"; write it in typed_per_filter_config" $name $backend $filter) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if not $sum -}}
{{- fail (printf "upstreams.%s.backends: all weights are 0; one must be more, or no request could go anywhere" $name) -}}
{{- end -}}
{{- if gt $sum 4294967295 -}}
{{- fail (printf "upstreams.%s.backends: the weights add up to %d; Envoy counts to 4294967295" $name $sum) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.admin (not .Values.admin.public) (eq (int .Values.admin.port) (int .Values.ports.admin.containerPort)) -}}
{{- fail (printf "admin.port: ports.admin has %d too; choose another one, or set admin.public" (int .Values.admin.port)) -}}
{{- end -}}
{{- if not (include "envoy.ownContainers" .) -}}
{{- if regexMatch "(^|/)(mumoshu/)?(crossover|envoy-xds-configmap-loader)$" .Values.xdsLoader.image.repository -}}
{{- fail (printf "xdsLoader.image.repository: %s does not know the flags of this chart; name the image of legation" .Values.xdsLoader.image.repository) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Refuses what Envoy has not read since 1.18: (list <place> <text>) */}}
{{- define "envoy.checkVersion" -}}
{{- $old := regexFind "envoy\\.api\\.v2\\.\\w+|envoy\\.http_connection_manager|envoy\\.config\\.filter\\.network\\.http_connection_manager\\.v2" (last .) -}}
{{- if $old -}}
{{- fail (printf "%s: %s is of Envoy's API v2, which is gone; write it for v3, or leave it to the chart" (first .) $old) -}}
{{- end -}}
{{- end -}}
