{{- define "serverless.labels" -}}
app.kubernetes.io/name: serverless-webhook
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "serverless.controllerLabels" -}}
{{ include "serverless.labels" . | replace "serverless-webhook" "serverless-controller" }}
{{- end }}

{{/* An image by its digest, if that is given. */}}
{{- define "serverless.image" -}}
{{- $image := index . 0 }}
{{- $image.repository }}:{{ $image.tag | default (index . 1) }}{{ with $image.digest }}@{{ . }}{{ end }}
{{- end }}

{{- define "serverless.selfManaged" -}}
{{- if eq .Values.webhook.certificates.mode "self-managed" }}true{{ end }}
{{- end }}

{{/* Of what runs after an uninstall. */}}
{{- define "serverless.cleanupMetadata" -}}
name: serverless-cleanup
labels:
  {{- include "serverless.labels" . | replace "serverless-webhook" "serverless-cleanup" | nindent 2 }}
annotations:
  helm.sh/hook: post-delete
  helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded,hook-failed
{{- end }}

{{/* A webhook configuration as it is generated, with what depends on the release. */}}
{{- define "serverless.webhooks" -}}
{{- $configuration := .root.Files.Get .file | fromYaml }}
{{- $certificates := .root.Values.webhook.certificates }}
{{- $_ := set $configuration.metadata "labels" (include "serverless.labels" .root | fromYaml) }}
{{- if eq $certificates.mode "cert-manager" }}
{{- $_ := set $configuration.metadata "annotations" (dict "cert-manager.io/inject-ca-from" (printf "%s/serverless-webhook" .root.Release.Namespace)) }}
{{- end }}
{{- range $configuration.webhooks }}
{{- $_ := set . "failurePolicy" $.root.Values.webhook.failurePolicy }}
{{- $_ := set . "timeoutSeconds" (int $.root.Values.webhook.timeoutSeconds) }}
{{- $_ := set .clientConfig.service "namespace" $.root.Release.Namespace }}
{{- $_ := set .clientConfig.service "port" (int .clientConfig.service.port) }}
{{- if eq $certificates.mode "secret" }}
{{- $_ := set .clientConfig "caBundle" ($certificates.caBundle | b64enc) }}
{{- end }}
{{- end }}
{{- toYaml $configuration }}
{{- end }}
