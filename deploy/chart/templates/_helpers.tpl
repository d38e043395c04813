{{/* What everything is called. */}}
{{- define "legation.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 53 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 53 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 53 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* What is not in the release's own namespace says where it belongs: two releases may have one name. */}}
{{- define "legation.scopedName" -}}
{{- printf "%s:%s" .Release.Namespace (include "legation.fullname" .) -}}
{{- end -}}

{{- define "legation.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "legation.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- required "serviceAccount.name: say which ServiceAccount to use, or let one be created" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "legation.lease" -}}
{{- default (include "legation.fullname" .) .Values.lease -}}
{{- end -}}

{{/* Of the whole cluster, and no place for a colon. */}}
{{- define "legation.webhookConfiguration" -}}
{{- printf "%s.%s" (include "legation.fullname" .) .Release.Namespace -}}
{{- end -}}

{{/* Whether one of the Pods has to lead: to write status, or the webhook's own certificate. */}}
{{- define "legation.leads" -}}
{{- if or .Values.status (include "legation.ownCertificate" .) -}}true{{- end -}}
{{- end -}}

{{/* Whether the webhook's certificate is its own. */}}
{{- define "legation.ownCertificate" -}}
{{- if and (include "legation.asked" .) (not .Values.webhook.certManager.enabled) -}}true{{- end -}}
{{- end -}}

{{/* Whether the API server asks anything: one port, with one certificate, answers all that it asks. */}}
{{- define "legation.asked" -}}
{{- if or .Values.webhook.enabled .Values.injector.enabled -}}true{{- end -}}
{{- end -}}

{{- define "legation.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{- printf "%s@%s" .repository .digest -}}
{{- else -}}
{{- printf "%s:%s" .repository (default $.Chart.AppVersion .tag) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The labels by which the Pods are found; they never change. */}}
{{- define "legation.selectorLabels" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{- define "legation.labels" -}}
{{ include "legation.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | quote }}
{{- end -}}

{{/* Whether the Pods sleep before they end: the sleep action is on by default since Kubernetes 1.30. */}}
{{- define "legation.preStopSleep" -}}
{{- if and .Values.preStopSleepSeconds (semverCompare ">=1.30.0-0" .Capabilities.KubeVersion.Version) -}}
{{- .Values.preStopSleepSeconds -}}
{{- else -}}
0
{{- end -}}
{{- end -}}
