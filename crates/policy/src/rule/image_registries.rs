//! Rules of an `ImageRegistry`, and of what the kinds of registries share.

use super::text::Text;
use super::text::Topic::ImageRegistry;

pub(super) const IMAGE_REGISTRY_NAME: Text = Text::error(
    ImageRegistry,
    "image-registry-name",
    "The name of the ImageRegistry is not a DNS label",
    "The registry has a Service and a StatefulSet of this name, and its hostname starts with it. Use lower-case letters, digits and '-', and start with a letter.",
)
.example("metadata: {name: my.registry}", "metadata: {name: my-registry}");

pub(super) const IMAGE_REGISTRY_NAME_LENGTH: Text = Text::error(
    ImageRegistry,
    "image-registry-name-length",
    "The name of the ImageRegistry is too long",
    "Its Pods have the label `app: imageregistry-<name>`, and the value of a label has at most 63 characters. So the name has at most 49.",
)
.example(
    "metadata: {name: the-registry-of-everything-that-all-teams-of-this-company-build}",
    "metadata: {name: registry}",
);

pub(super) const REGISTRY_STORAGE_MISSING: Text = Text::error(
    ImageRegistry,
    "registry-storage-missing",
    "The registry has no storage",
    "Without storage, the images would be lost with the Pod. Set `spec.persistentVolumeClaim`, or `spec.storage.s3` for a bucket.",
)
.example(
    "spec: {persistentVolumeClaim: null}",
    "spec: {persistentVolumeClaim: {resources: {requests: {storage: 10Gi}}}}",
);

pub(super) const REGISTRY_STORAGE_TWO: Text = Text::error(
    ImageRegistry,
    "registry-storage-two",
    "The registry has a volume and a bucket",
    "The images are in one of them only. Remove the other one. Images are not copied from a volume to a bucket.",
)
.example(
    "spec: {storage: {s3: {bucket: my-images, region: eu-central-1, secretName: my-bucket}}}",
    "spec: {persistentVolumeClaim: null, storage: {s3: {bucket: my-images, region: eu-central-1, secretName: my-bucket}}}",
);

pub(super) const REGISTRY_VOLUME_SIZE: Text = Text::error(
    ImageRegistry,
    "registry-volume-size",
    "The volume has no valid size",
    "A volume claim needs `resources.requests.storage`, a quantity greater than 0, such as `10Gi`.",
)
.example(
    "spec: {persistentVolumeClaim: {resources: {requests: {storage: 10 GB}}}}",
    "spec: {persistentVolumeClaim: {resources: {requests: {storage: 10Gi}}}}",
);

pub(super) const REGISTRY_VOLUME_SHARED: Text = Text::error(
    ImageRegistry,
    "registry-volume-shared",
    "More than one replica needs a volume that nodes can share",
    "All Pods of a registry store images on one volume. With `ReadWriteOnce` the Pods on a second node would never start. Use a storage class that supports `ReadWriteMany`, or `spec.storage.s3`.",
)
.example(
    "spec: {replicas: 2, persistentVolumeClaim: {accessModes: [ReadWriteOnce]}}",
    "spec: {replicas: 2, persistentVolumeClaim: {accessModes: [ReadWriteMany]}}",
);

pub(super) const REGISTRY_VOLUME_FIXED: Text = Text::error(
    ImageRegistry,
    "registry-volume-fixed",
    "The storage class or the access modes of a volume change",
    "Kubernetes changes neither in a volume claim that exists. Create another ImageRegistry with the storage that you need, copy the images, and delete the first one.",
);

pub(super) const REGISTRY_VOLUME_SHRINKS: Text = Text::error(
    ImageRegistry,
    "registry-volume-shrinks",
    "The size of a volume becomes smaller",
    "Kubernetes shrinks no volume. It grows one if the storage class allows it.",
);

pub(super) const REGISTRY_BUCKET: Text = Text::error(
    ImageRegistry,
    "registry-bucket",
    "The bucket is not complete, or its name is not one",
    "A bucket needs `bucket`, `region` and `secretName`. Names of buckets have 3 to 63 lower-case letters, digits, '-' or '.'. Stores without regions take any word for it.",
)
.example(
    "spec: {persistentVolumeClaim: null, storage: {s3: {bucket: My_Images, region: eu-central-1, secretName: my-bucket}}}",
    "spec: {persistentVolumeClaim: null, storage: {s3: {bucket: my-images, region: eu-central-1, secretName: my-bucket}}}",
);

pub(super) const REGISTRY_S3_ENDPOINT: Text = Text::error(
    ImageRegistry,
    "registry-s3-endpoint",
    "The address of the object store is not one",
    "It is `https://` or `http://`, a host and perhaps a port. The bucket has a field of its own, and credentials belong into the Secret.",
)
.example(
    "spec: {persistentVolumeClaim: null, storage: {s3: {bucket: my-images, region: any, secretName: my-bucket, endpoint: s3.example.com/my-images}}}",
    "spec: {persistentVolumeClaim: null, storage: {s3: {bucket: my-images, region: any, secretName: my-bucket, endpoint: \"https://s3.example.com\"}}}",
);

pub(super) const CERTIFICATE_ISSUER: Text = Text::error(
    ImageRegistry,
    "certificate-issuer",
    "The issuer of a certificate is not complete",
    "An issuer of cert-manager has a name and a kind, `Issuer` for one of the same namespace or `ClusterIssuer`.",
)
.example(
    "spec: {tls: {issuerRef: {name: letsencrypt, kind: issuer}}}",
    "spec: {tls: {issuerRef: {name: letsencrypt, kind: Issuer}}}",
);

pub(super) const CERTIFICATE_TWO_SOURCES: Text = Text::error(
    ImageRegistry,
    "certificate-two-sources",
    "A certificate comes from an issuer and from a Secret",
    "It can come from one of them only. Remove `secretName` to have cert-manager issue it, or `issuerRef` to use the Secret. With neither, the installation signs one.",
)
.example(
    "spec: {tls: {issuerRef: {name: letsencrypt, kind: Issuer}, secretName: my-tls}}",
    "spec: {tls: {secretName: my-tls}}",
);

pub(super) const REFERENCE_NAME: Text = Text::error(
    ImageRegistry,
    "reference-name",
    "A field does not name an object",
    "Names of objects have lower-case letters, digits, '-' and '.', and at most 253 characters. No object has another name, so the field would never find one.",
)
.example("spec: {auth: {configMapName: My_ACL}}", "spec: {auth: {configMapName: my-acl}}");

pub(super) const REGISTRY_ACL_TWO: Text = Text::error(
    ImageRegistry,
    "registry-acl-two",
    "The registry has an access control list and a policy",
    "The list in the ConfigMap takes the place of a policy, so the policy would have no effect. Remove one of them.",
)
.example(
    "spec: {auth: {configMapName: my-acl, policy: PerNamespace}}",
    "spec: {auth: {policy: PerNamespace}}",
);

pub(super) const NAMESPACE_SELECTOR: Text = Text::error(
    ImageRegistry,
    "namespace-selector",
    "A selector of namespaces is not valid",
    "`matchLabels` has keys and values of labels. Each entry of `matchExpressions` has a key and an operator: `In` and `NotIn` with values, `Exists` and `DoesNotExist` without any. The empty selector, `{}`, selects all namespaces.",
)
.example(
    "spec: {auth: {allowedNamespaces: {push: {matchExpressions: [{key: team, operator: In}]}}}}",
    "spec: {auth: {allowedNamespaces: {push: {matchExpressions: [{key: team, operator: In, values: [a, b]}]}}}}",
);

pub(super) const TOKEN_TTL: Text = Text::error(
    ImageRegistry,
    "token-ttl",
    "The life of a token is not a duration within its bounds",
    "Clients expect tokens of 60 seconds at least. A token cannot be taken back, so an account that is deleted can be used until its last token has expired: an hour at most.",
)
.example("spec: {tokenTTL: {push: 12h}}", "spec: {tokenTTL: {push: 30m}}");
