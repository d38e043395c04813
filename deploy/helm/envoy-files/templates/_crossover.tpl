{{/* A container of crossover: (list <"xds-init" or "xds-update"> <root>); the first one ends when the files are there. */}}
{{- define "envoy.crossover" -}}
{{- $name := first . -}}
{{- $once := eq $name "xds-init" -}}
{{- $root := last . -}}
{{- with $root.Values.xdsLoader -}}
- name: {{ $name }}
  image: {{ include "envoy.image" (list .image $root.Chart.AppVersion) | quote }}
  imagePullPolicy: {{ default "IfNotPresent" .image.pullPolicy }}
  command: [crossover]
  args:
    - {{ printf "--apiserver=%s" $root.Values.apiserver | quote }}
    - --configmap={{ include "envoy.configMap" $root }}
    {{- with include "envoy.trafficSplits" $root | fromJsonArray }}
    {{- range . }}
    - --trafficsplit={{ . }}
    {{- end }}
    - --trafficsplit-api-version={{ $root.Values.smi.apiVersions.trafficSplits }}
    {{- end }}
    {{- if $once }}
    - --onetime
    {{- else }}
    - --watch
    - --sync-interval={{ .syncInterval }}
    - --health-port={{ .healthPort }}
    # The kubelet asks from outside of the Pod.
    - {{ printf "--health-bind=%s" $root.Values.bindAddress | quote }}
    {{- end }}
    {{- if .insecure }}
    - --insecure
    {{- end }}
    {{- range .extraArgs }}
    - {{ . | quote }}
    {{- end }}
  env:
    - name: POD_NAMESPACE
      valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
  {{- if not $once }}
  {{- if include "envoy.nativeSidecar" $root }}
  # It goes on beside Envoy, which waits until the startup probe has found the files, and ends after it.
  restartPolicy: Always
  {{- end }}
  ports:
    - name: xds-health
      containerPort: {{ .healthPort }}
  startupProbe:
    httpGet: {path: /readyz, port: xds-health}
    periodSeconds: 1
    timeoutSeconds: 5
    failureThreshold: 120
  # No readiness later on: an API server that is away must not take Envoy out of its Service.
  livenessProbe:
    httpGet: {path: /healthz, port: xds-health}
    periodSeconds: 10
    timeoutSeconds: 5
    failureThreshold: 6
  {{- end }}
  {{- with $root.Values.containerSecurityContext }}
  securityContext:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .resources }}
  resources:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  volumeMounts:
    - name: xds
      mountPath: /srv/runtime
    # Envoy itself has no token.
    - name: token
      mountPath: /var/run/secrets/kubernetes.io/serviceaccount
      readOnly: true
{{- end -}}
{{- end -}}
