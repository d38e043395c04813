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

{{/* Whether one of the Pods has to lead: to write status, certificates of its own, or whom Envoys trust. */}}
{{- define "legation.leads" -}}
{{- if or .Values.status (include "legation.webhookSecret" .) (include "legation.tls" .) -}}true{{- end -}}
{{- end -}}

{{/* Whether the webhook's certificate is its own. */}}
{{- define "legation.ownCertificate" -}}
{{- if and (include "legation.asked" .) (not .Values.webhook.certManager.enabled) -}}true{{- end -}}
{{- end -}}

{{/* Whether the webhook has a Secret that the Pods write: its own certificate, the path that is asked at, or both. */}}
{{- define "legation.webhookSecret" -}}
{{- if or .Values.webhook.enabled (include "legation.ownCertificate" .) -}}true{{- end -}}
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

{{/*
Values of a release before this one may be used again, and know nothing of TLS: then all stays as it was.
*/}}

{{/* Whether the ports have TLS. */}}
{{- define "legation.tls" -}}
{{- if (.Values.tls).enabled -}}true{{- end -}}
{{- end -}}

{{/* Whether the authority and the certificate are its own. */}}
{{- define "legation.ownAuthority" -}}
{{- if and (include "legation.tls" .) (not .Values.tls.secretName) (not .Values.tls.certManager.enabled) -}}true{{- end -}}
{{- end -}}

{{/* The Secret that others keep the certificate in. */}}
{{- define "legation.tlsSecret" -}}
{{- default (printf "%s-server-tls" (include "legation.fullname" .)) .Values.tls.secretName -}}
{{- end -}}

{{/* The ConfigMap that says whom Envoys may trust. */}}
{{- define "legation.trust" -}}
{{- default (printf "%s-ca" (include "legation.fullname" .)) .Values.tls.configMap -}}
{{- end -}}

{{/* Whether Envoys prove who they are by tokens. */}}
{{- define "legation.tokens" -}}
{{- if and (include "legation.tls" .) ((.Values.identity).tokens).enabled -}}true{{- end -}}
{{- end -}}

{{/* Whether Envoys prove who they are by certificates. */}}
{{- define "legation.clientAuthority" -}}
{{- if and (include "legation.tls" .) ((.Values.identity).clientAuthority).secretName -}}true{{- end -}}
{{- end -}}

{{/* Whether those who prove it by tokens have a port of their own. */}}
{{- define "legation.tokenPort" -}}
{{- if and (include "legation.clientAuthority" .) (include "legation.tokens" .) -}}true{{- end -}}
{{- end -}}

{{/* Whether an Envoy has to prove who it is. */}}
{{- define "legation.enforced" -}}
{{- if and (or (include "legation.tokens" .) (include "legation.clientAuthority" .)) (eq ((.Values.identity).check) "enforce") (not .Values.tls.plainPort) -}}true{{- end -}}
{{- end -}}

{{/* Whether Envoys are given Secrets. */}}
{{- define "legation.secrets" -}}
{{- $asked := toString .Values.secrets.enabled -}}
{{- if and (eq $asked "true") (.Values.tls) (not (include "legation.tls" .)) -}}
{{- fail "secrets.enabled: without TLS private keys would travel in the clear; set tls.enabled, or secrets.enabled=false" -}}
{{- end -}}
{{- if or (eq $asked "true") (and (eq $asked "auto") (include "legation.enforced" .)) -}}true{{- end -}}
{{- end -}}

{{/* The port of sidecars. */}}
{{- define "legation.sidecarPort" -}}
{{- if include "legation.tokenPort" . -}}{{ .Values.identity.tokenPort }}{{- else -}}{{ .Values.xdsPort }}{{- end -}}
{{- end -}}

{{/* What cert-manager makes: {root, name, secretName, service, issuerRef, usages}. */}}
{{- define "legation.certificate" -}}
{{- $name := .name }}
{{- $root := .root }}
{{- if not .issuerRef }}
# An authority of its own: one that outlives the certificate, so that a renewal changes nobody's trust.
apiVersion: cert-manager.io/v1
kind: Issuer
metadata:
  name: "{{ $name }}-authority"
  namespace: {{ $root.Release.Namespace | quote }}
  labels:
    {{- include "legation.labels" $root | nindent 4 }}
spec:
  selfSigned: {}
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata:
  name: "{{ $name }}-authority"
  namespace: {{ $root.Release.Namespace | quote }}
  labels:
    {{- include "legation.labels" $root | nindent 4 }}
spec:
  isCA: true
  commonName: {{ $name | quote }}
  secretName: "{{ $name }}-authority"
  duration: 87600h
  privateKey:
    algorithm: ECDSA
    size: 256
  issuerRef:
    kind: Issuer
    name: "{{ $name }}-authority"
---
apiVersion: cert-manager.io/v1
kind: Issuer
metadata:
  name: {{ $name | quote }}
  namespace: {{ $root.Release.Namespace | quote }}
  labels:
    {{- include "legation.labels" $root | nindent 4 }}
spec:
  ca:
    secretName: "{{ $name }}-authority"
---
{{- end }}
apiVersion: cert-manager.io/v1
kind: Certificate
metadata:
  name: {{ $name | quote }}
  namespace: {{ $root.Release.Namespace | quote }}
  labels:
    {{- include "legation.labels" $root | nindent 4 }}
spec:
  secretName: {{ .secretName | quote }}
  dnsNames:
    - {{ .service }}.{{ $root.Release.Namespace }}.svc
    {{- range .more }}
    - {{ . }}
    {{- end }}
  {{- with .usages }}
  usages:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  privateKey:
    algorithm: ECDSA
    size: 256
    rotationPolicy: Always
  issuerRef:
    {{- default (dict "kind" "Issuer" "name" $name) .issuerRef | toYaml | nindent 4 }}
{{- end -}}
