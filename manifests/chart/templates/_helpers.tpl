{{/* The first part of the names of objects. */}}
{{- define "serverless.name" -}}
{{ .Values.fullnameOverride | default .Values.nameOverride | default "serverless" }}
{{- end }}

{{- define "serverless.webhook" -}}
{{ include "serverless.name" . }}-webhook
{{- end }}

{{- define "serverless.controller" -}}
{{ include "serverless.name" . }}-controller
{{- end }}

{{- define "serverless.nodeAgent" -}}
{{ include "serverless.name" . }}-node-agent
{{- end }}

{{- define "serverless.cleanup" -}}
{{ include "serverless.name" . }}-cleanup
{{- end }}

{{/* Labels of an object: the root and the value of app.kubernetes.io/name. */}}
{{- define "serverless.labelsOf" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ index . 1 }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
{{- end }}

{{- define "serverless.labels" -}}
{{ include "serverless.labelsOf" (list . (include "serverless.webhook" .)) }}
{{- end }}

{{- define "serverless.controllerLabels" -}}
{{ include "serverless.labelsOf" (list . (include "serverless.controller" .)) }}
{{- end }}

{{- define "serverless.nodeAgentLabels" -}}
{{ include "serverless.labelsOf" (list . (include "serverless.nodeAgent" .)) }}
{{- end }}

{{- define "serverless.cleanupLabels" -}}
{{ include "serverless.labelsOf" (list . (include "serverless.cleanup" .)) }}
{{- end }}

{{/* An image, by its digest if there is one. */}}
{{- define "serverless.image" -}}
{{- $image := index . 0 }}
{{- $image.repository }}:{{ $image.tag | default (index . 1) }}{{ with $image.digest }}@{{ . }}{{ end }}
{{- end }}

{{- define "serverless.selfManaged" -}}
{{- if eq .Values.webhook.certificates.mode "self-managed" }}true{{ end }}
{{- end }}

{{/* Where the Pods of a Deployment run. Takes its values, and its name, which keeps replicas on different nodes. */}}
{{- define "serverless.placement" -}}
{{- $values := index . 0 -}}
{{- with $values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with index . 1 }}
{{- with $values.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- toYaml . | nindent 2 }}
{{- end }}
affinity:
{{- if $values.affinity }}
  {{- toYaml $values.affinity | nindent 2 }}
{{- else }}
  podAntiAffinity:
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        podAffinityTerm:
          topologyKey: kubernetes.io/hostname
          labelSelector:
            matchLabels:
              app.kubernetes.io/name: {{ . }}
{{- end }}
{{- end }}
{{- end }}

{{/* The configuration of the controller. By default, its base namespace is that of the release. */}}
{{- define "serverless.controllerValues" -}}
{{- $installed := dict "propagation" (dict "baseNamespace" .Release.Namespace) -}}
{{- with .Values.registry }}
{{- if .enabled }}
{{- $image := include "serverless.image" (list .image $.Chart.AppVersion) | trim }}
{{- $functions := dict "name" .name "create" (deepCopy .spec) }}
{{- $_ := set $installed "imageRegistries" (dict "gatewayImage" $image "forFunctions" $functions) }}
{{- end }}
{{- end -}}
{{- mergeOverwrite $installed (deepCopy .Values.controller.values) | toYaml }}
{{- end }}

{{/* The metadata of objects that exist only after an uninstall. */}}
{{- define "serverless.cleanupMetadata" -}}
name: {{ include "serverless.cleanup" . }}
labels:
  {{- include "serverless.cleanupLabels" . | nindent 2 }}
annotations:
  helm.sh/hook: post-delete
  helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded,hook-failed
{{- end }}

{{/* A generated webhook configuration, with the parts that depend on the release. */}}
{{- define "serverless.webhooks" -}}
{{- $configuration := .root.Files.Get .file | fromYaml }}
{{- $certificates := .root.Values.webhook.certificates }}
{{- $name := include "serverless.webhook" .root }}
{{- $_ := set $configuration.metadata "name" $name }}
{{- $_ := set $configuration.metadata "labels" (include "serverless.labels" .root | fromYaml) }}
{{- if eq $certificates.mode "cert-manager" }}
{{- $_ := set $configuration.metadata "annotations" (dict "cert-manager.io/inject-ca-from" (printf "%s/%s" .root.Release.Namespace $name)) }}
{{- end }}
{{- with .more }}
{{- $_ := set $configuration "webhooks" (concat $configuration.webhooks ($.root.Files.Get . | fromYaml).webhooks) }}
{{- end }}
{{- range $configuration.webhooks }}
{{- if eq .failurePolicy "Fail" }}
{{- $_ := set . "failurePolicy" $.root.Values.webhook.failurePolicy }}
{{- end }}
{{- $_ := set . "timeoutSeconds" (int $.root.Values.webhook.timeoutSeconds) }}
{{- $_ := set .clientConfig.service "name" $name }}
{{- $_ := set .clientConfig.service "namespace" $.root.Release.Namespace }}
{{- $_ := set .clientConfig.service "port" (int .clientConfig.service.port) }}
{{- if eq $certificates.mode "secret" }}
{{- $_ := set .clientConfig "caBundle" ($certificates.caBundle | b64enc) }}
{{- end }}
{{- end }}
{{- toYaml $configuration }}
{{- end }}
