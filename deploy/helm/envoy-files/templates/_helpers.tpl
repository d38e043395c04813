{{/* The names are those of the chart of crossover: texts that people wrote for it may include them. */}}
{{- define "envoy.name" -}}
{{- default "envoy" .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* What everything is called. */}}
{{- define "envoy.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default "envoy" .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "envoy.chart" -}}
{{- printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" -}}
{{- end -}}

{{/* Where the files of Envoy come from. */}}
{{- define "envoy.configMap" -}}
{{- include "envoy.fullname" . }}-xds
{{- end -}}

{{- define "envoy.metricsName" -}}
{{- printf "%s-metrics" (include "envoy.fullname" . | trunc 55 | trimSuffix "-") -}}
{{- end -}}

{{- define "envoy.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "envoy.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* An image with its tag or digest: (list <values of the image> <tag if none is given>) */}}
{{- define "envoy.image" -}}
{{- $image := first . -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $image.repository $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $image.repository (default (last .) $image.tag) -}}
{{- end -}}
{{- end -}}

{{/* By these the Pods are found. They are those of crossover's chart, whose releases can be upgraded to this one. */}}
{{- define "envoy.selectorLabels" -}}
app: {{ include "envoy.name" . }}
release: {{ .Release.Name }}
{{- end -}}

{{- define "envoy.podLabels" -}}
{{ include "envoy.selectorLabels" . }}
app.kubernetes.io/name: {{ include "envoy.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "envoy.labels" -}}
{{ include "envoy.podLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ include "envoy.chart" . }}
{{- end -}}

{{/* A text goes through tpl, all else is YAML already: (list <value> <root>) */}}
{{- define "envoy.textOrYaml" -}}
{{- $value := first . -}}
{{- if kindIs "string" $value -}}
{{- tpl $value (last .) -}}
{{- else -}}
{{- toYaml $value -}}
{{- end -}}
{{- end -}}

{{/* A probe may ask in one way; the default way gives way to another one: (list <probe> <default way>) */}}
{{- define "envoy.probe" -}}
{{- $probe := first . -}}
{{- range without (list "exec" "grpc" "httpGet" "tcpSocket") (last .) -}}
{{- if hasKey $probe . -}}
{{- $probe = omit $probe (last $) -}}
{{- end -}}
{{- end -}}
{{- toYaml $probe -}}
{{- end -}}

{{/* The names of the TrafficSplits, as JSON. */}}
{{- define "envoy.trafficSplits" -}}
{{- $names := list -}}
{{- range $name, $upstream := .Values.upstreams -}}
{{- if dig "smi" "enabled" false $upstream -}}
{{- $names = append $names (dig "smi" "trafficSplit" "" $upstream | default $name) -}}
{{- end -}}
{{- end -}}
{{- toJson ($names | uniq) -}}
{{- end -}}

{{/* Whether the files are kept by an init container that goes on; "" if not. On by default since Kubernetes 1.29. */}}
{{- define "envoy.nativeSidecar" -}}
{{- if and .Values.xdsLoader.nativeSidecar (semverCompare ">=1.29.0-0" .Capabilities.KubeVersion.Version) -}}
true
{{- end -}}
{{- end -}}

{{/* Whether the containers beside Envoy are of the user's own making; "" if not. */}}
{{- define "envoy.ownContainers" -}}
{{- if or .Values.initContainersTemplate .Values.sidecarContainersTemplate -}}
true
{{- end -}}
{{- end -}}

{{/* How long the Pods sleep before they end: the sleep action is on by default since Kubernetes 1.30. */}}
{{- define "envoy.preStopSleep" -}}
{{- if semverCompare ">=1.30.0-0" .Capabilities.KubeVersion.Version -}}
{{- .Values.preStopSleepSeconds -}}
{{- else -}}
0
{{- end -}}
{{- end -}}
