"""The JSON of Kubernetes' internal types, which stands in the API server's complaint about a Pod template that may not change.

Internal types have no JSON names: fields are called as in Go, and what says nothing is null, "" or false instead of missing.
The order and the types of the fields are those of pkg/apis/core/types.go.
"""

from __future__ import annotations

from typing import Any

from cluster.objects.documents import Document

# Fields by type: "Name:type". s text, b yes or no, n number, x a type with JSON names of its own, else another type of the
# table; ? may be missing, [ many, { by name; + the fields of that type in its own place.
INTERNAL: dict[str, str] = {
    "PodSpec": (
        "Volumes:[Volume InitContainers:[Container Containers:[Container EphemeralContainers:[EphemeralContainer "
        "RestartPolicy:s TerminationGracePeriodSeconds:?n ActiveDeadlineSeconds:?n DNSPolicy:s NodeSelector:{s "
        "ServiceAccountName:s AutomountServiceAccountToken:?b NodeName:s SecurityContext:?PodSecurityContext "
        "ImagePullSecrets:[LocalObjectReference Hostname:s Subdomain:s SetHostnameAsFQDN:?b Affinity:?Affinity "
        "SchedulerName:s Tolerations:[Toleration HostAliases:[HostAlias PriorityClassName:s Priority:?n PreemptionPolicy:?s "
        "DNSConfig:?PodDNSConfig ReadinessGates:[PodReadinessGate RuntimeClassName:?s Overhead:{x EnableServiceLinks:?b "
        "TopologySpreadConstraints:[TopologySpreadConstraint OS:?PodOS SchedulingGates:[PodSchedulingGate "
        "ResourceClaims:[PodResourceClaim Resources:?ResourceRequirements HostnameOverride:?s "
        "SchedulingGroup:?PodSchedulingGroup"
    ),
    "Volume": "Name:s +VolumeSource",
    "Container": (
        "Name:s Image:s Command:[s Args:[s WorkingDir:s Ports:[ContainerPort EnvFrom:[EnvFromSource Env:[EnvVar "
        "Resources:ResourceRequirements ResizePolicy:[ContainerResizePolicy RestartPolicy:?s "
        "RestartPolicyRules:[ContainerRestartRule VolumeMounts:[VolumeMount VolumeDevices:[VolumeDevice LivenessProbe:?Probe "
        "ReadinessProbe:?Probe StartupProbe:?Probe Lifecycle:?Lifecycle TerminationMessagePath:s TerminationMessagePolicy:s "
        "ImagePullPolicy:s SecurityContext:?SecurityContext Stdin:b StdinOnce:b TTY:b"
    ),
    "EphemeralContainer": "+EphemeralContainerCommon TargetContainerName:s",
    "PodSecurityContext": (
        "HostNetwork:b HostPID:b HostIPC:b ShareProcessNamespace:?b HostUsers:?b SELinuxOptions:?SELinuxOptions "
        "WindowsOptions:?WindowsSecurityContextOptions RunAsUser:?n RunAsGroup:?n RunAsNonRoot:?b SupplementalGroups:[n "
        "SupplementalGroupsPolicy:?s FSGroup:?n FSGroupChangePolicy:?s Sysctls:[Sysctl SeccompProfile:?SeccompProfile "
        "AppArmorProfile:?AppArmorProfile SELinuxChangePolicy:?s"
    ),
    "LocalObjectReference": "Name:s",
    "Affinity": "NodeAffinity:?NodeAffinity PodAffinity:?PodAffinity PodAntiAffinity:?PodAntiAffinity",
    "Toleration": "Key:s Operator:s Value:s Effect:s TolerationSeconds:?n",
    "HostAlias": "IP:s Hostnames:[s",
    "PodDNSConfig": "Nameservers:[s Searches:[s Options:[PodDNSConfigOption",
    "PodReadinessGate": "ConditionType:s",
    "TopologySpreadConstraint": (
        "MaxSkew:n TopologyKey:s WhenUnsatisfiable:s LabelSelector:?x MinDomains:?n NodeAffinityPolicy:?s "
        "NodeTaintsPolicy:?s MatchLabelKeys:[s"
    ),
    "PodOS": "Name:s",
    "PodSchedulingGate": "Name:s",
    "PodResourceClaim": "Name:s ResourceClaimName:?s ResourceClaimTemplateName:?s",
    "ResourceRequirements": "Limits:{x Requests:{x Claims:[ResourceClaim",
    "PodSchedulingGroup": "PodGroupName:?s",
    "VolumeSource": (
        "HostPath:?HostPathVolumeSource EmptyDir:?EmptyDirVolumeSource GCEPersistentDisk:?GCEPersistentDiskVolumeSource "
        "AWSElasticBlockStore:?AWSElasticBlockStoreVolumeSource GitRepo:?GitRepoVolumeSource Secret:?SecretVolumeSource "
        "NFS:?NFSVolumeSource ISCSI:?ISCSIVolumeSource Glusterfs:?GlusterfsVolumeSource "
        "PersistentVolumeClaim:?PersistentVolumeClaimVolumeSource RBD:?RBDVolumeSource Quobyte:?QuobyteVolumeSource "
        "FlexVolume:?FlexVolumeSource Cinder:?CinderVolumeSource CephFS:?CephFSVolumeSource Flocker:?FlockerVolumeSource "
        "DownwardAPI:?DownwardAPIVolumeSource FC:?FCVolumeSource AzureFile:?AzureFileVolumeSource "
        "ConfigMap:?ConfigMapVolumeSource VsphereVolume:?VsphereVirtualDiskVolumeSource AzureDisk:?AzureDiskVolumeSource "
        "PhotonPersistentDisk:?PhotonPersistentDiskVolumeSource Projected:?ProjectedVolumeSource "
        "PortworxVolume:?PortworxVolumeSource ScaleIO:?ScaleIOVolumeSource StorageOS:?StorageOSVolumeSource "
        "CSI:?CSIVolumeSource Ephemeral:?EphemeralVolumeSource Image:?ImageVolumeSource"
    ),
    "ContainerPort": "Name:s HostPort:n ContainerPort:n Protocol:s HostIP:s",
    "EnvFromSource": "Prefix:s ConfigMapRef:?ConfigMapEnvSource SecretRef:?SecretEnvSource",
    "EnvVar": "Name:s Value:s ValueFrom:?EnvVarSource",
    "ContainerResizePolicy": "ResourceName:s RestartPolicy:s",
    "ContainerRestartRule": "Action:s ExitCodes:?ContainerRestartRuleOnExitCodes",
    "VolumeMount": "Name:s ReadOnly:b RecursiveReadOnly:?s MountPath:s SubPath:s MountPropagation:?s SubPathExpr:s",
    "VolumeDevice": "Name:s DevicePath:s",
    "Probe": (
        "+ProbeHandler InitialDelaySeconds:n TimeoutSeconds:n PeriodSeconds:n SuccessThreshold:n FailureThreshold:n "
        "TerminationGracePeriodSeconds:?n"
    ),
    "Lifecycle": "PostStart:?LifecycleHandler PreStop:?LifecycleHandler StopSignal:?s",
    "SecurityContext": (
        "Capabilities:?Capabilities Privileged:?b SELinuxOptions:?SELinuxOptions "
        "WindowsOptions:?WindowsSecurityContextOptions RunAsUser:?n RunAsGroup:?n RunAsNonRoot:?b ReadOnlyRootFilesystem:?b "
        "AllowPrivilegeEscalation:?b ProcMount:?s SeccompProfile:?SeccompProfile AppArmorProfile:?AppArmorProfile"
    ),
    "EphemeralContainerCommon": (
        "Name:s Image:s Command:[s Args:[s WorkingDir:s Ports:[ContainerPort EnvFrom:[EnvFromSource Env:[EnvVar "
        "Resources:ResourceRequirements ResizePolicy:[ContainerResizePolicy RestartPolicy:?s "
        "RestartPolicyRules:[ContainerRestartRule VolumeMounts:[VolumeMount VolumeDevices:[VolumeDevice LivenessProbe:?Probe "
        "ReadinessProbe:?Probe StartupProbe:?Probe Lifecycle:?Lifecycle TerminationMessagePath:s TerminationMessagePolicy:s "
        "ImagePullPolicy:s SecurityContext:?SecurityContext Stdin:b StdinOnce:b TTY:b"
    ),
    "SELinuxOptions": "User:s Role:s Type:s Level:s",
    "WindowsSecurityContextOptions": "GMSACredentialSpecName:?s GMSACredentialSpec:?s RunAsUserName:?s HostProcess:?b",
    "Sysctl": "Name:s Value:s",
    "SeccompProfile": "Type:s LocalhostProfile:?s",
    "AppArmorProfile": "Type:s LocalhostProfile:?s",
    "NodeAffinity": (
        "RequiredDuringSchedulingIgnoredDuringExecution:?NodeSelector "
        "PreferredDuringSchedulingIgnoredDuringExecution:[PreferredSchedulingTerm"
    ),
    "PodAffinity": (
        "RequiredDuringSchedulingIgnoredDuringExecution:[PodAffinityTerm "
        "PreferredDuringSchedulingIgnoredDuringExecution:[WeightedPodAffinityTerm"
    ),
    "PodAntiAffinity": (
        "RequiredDuringSchedulingIgnoredDuringExecution:[PodAffinityTerm "
        "PreferredDuringSchedulingIgnoredDuringExecution:[WeightedPodAffinityTerm"
    ),
    "PodDNSConfigOption": "Name:s Value:?s",
    "ResourceClaim": "Name:s Request:s",
    "HostPathVolumeSource": "Path:s Type:?s",
    "EmptyDirVolumeSource": "Medium:s SizeLimit:?x",
    "GCEPersistentDiskVolumeSource": "PDName:s FSType:s Partition:n ReadOnly:b",
    "AWSElasticBlockStoreVolumeSource": "VolumeID:s FSType:s Partition:n ReadOnly:b",
    "GitRepoVolumeSource": "Repository:s Revision:s Directory:s",
    "SecretVolumeSource": "SecretName:s Items:[KeyToPath DefaultMode:?n Optional:?b",
    "NFSVolumeSource": "Server:s Path:s ReadOnly:b",
    "ISCSIVolumeSource": (
        "TargetPortal:s IQN:s Lun:n ISCSIInterface:s FSType:s ReadOnly:b Portals:[s DiscoveryCHAPAuth:b SessionCHAPAuth:b "
        "SecretRef:?LocalObjectReference InitiatorName:?s"
    ),
    "GlusterfsVolumeSource": "EndpointsName:s Path:s ReadOnly:b",
    "PersistentVolumeClaimVolumeSource": "ClaimName:s ReadOnly:b",
    "RBDVolumeSource": (
        "CephMonitors:[s RBDImage:s FSType:s RBDPool:s RadosUser:s Keyring:s SecretRef:?LocalObjectReference ReadOnly:b"
    ),
    "QuobyteVolumeSource": "Registry:s Volume:s ReadOnly:b User:s Group:s Tenant:s",
    "FlexVolumeSource": "Driver:s FSType:s SecretRef:?LocalObjectReference ReadOnly:b Options:{s",
    "CinderVolumeSource": "VolumeID:s FSType:s ReadOnly:b SecretRef:?LocalObjectReference",
    "CephFSVolumeSource": "Monitors:[s Path:s User:s SecretFile:s SecretRef:?LocalObjectReference ReadOnly:b",
    "FlockerVolumeSource": "DatasetName:s DatasetUUID:s",
    "DownwardAPIVolumeSource": "Items:[DownwardAPIVolumeFile DefaultMode:?n",
    "FCVolumeSource": "TargetWWNs:[s Lun:?n FSType:s ReadOnly:b WWIDs:[s",
    "AzureFileVolumeSource": "SecretName:s ShareName:s ReadOnly:b",
    "ConfigMapVolumeSource": "+LocalObjectReference Items:[KeyToPath DefaultMode:?n Optional:?b",
    "VsphereVirtualDiskVolumeSource": "VolumePath:s FSType:s StoragePolicyName:s StoragePolicyID:s",
    "AzureDiskVolumeSource": "DiskName:s DataDiskURI:s CachingMode:?s FSType:?s ReadOnly:?b Kind:?s",
    "PhotonPersistentDiskVolumeSource": "PdID:s FSType:s",
    "ProjectedVolumeSource": "Sources:[VolumeProjection DefaultMode:?n",
    "PortworxVolumeSource": "VolumeID:s FSType:s ReadOnly:b",
    "ScaleIOVolumeSource": (
        "Gateway:s System:s SecretRef:?LocalObjectReference SSLEnabled:b ProtectionDomain:s StoragePool:s StorageMode:s "
        "VolumeName:s FSType:s ReadOnly:b"
    ),
    "StorageOSVolumeSource": "VolumeName:s VolumeNamespace:s FSType:s ReadOnly:b SecretRef:?LocalObjectReference",
    "CSIVolumeSource": "Driver:s ReadOnly:?b FSType:?s VolumeAttributes:{s NodePublishSecretRef:?LocalObjectReference",
    "EphemeralVolumeSource": "VolumeClaimTemplate:?PersistentVolumeClaimTemplate",
    "ImageVolumeSource": "Reference:s PullPolicy:s",
    "ConfigMapEnvSource": "+LocalObjectReference Optional:?b",
    "SecretEnvSource": "+LocalObjectReference Optional:?b",
    "EnvVarSource": (
        "FieldRef:?ObjectFieldSelector ResourceFieldRef:?ResourceFieldSelector ConfigMapKeyRef:?ConfigMapKeySelector "
        "SecretKeyRef:?SecretKeySelector FileKeyRef:?FileKeySelector"
    ),
    "ContainerRestartRuleOnExitCodes": "Operator:s Values:[n",
    "ProbeHandler": "Exec:?ExecAction HTTPGet:?HTTPGetAction TCPSocket:?TCPSocketAction GRPC:?GRPCAction",
    "LifecycleHandler": "Exec:?ExecAction HTTPGet:?HTTPGetAction TCPSocket:?TCPSocketAction Sleep:?SleepAction",
    "Capabilities": "Add:[s Drop:[s",
    "NodeSelector": "NodeSelectorTerms:[NodeSelectorTerm",
    "PreferredSchedulingTerm": "Weight:n Preference:NodeSelectorTerm",
    "PodAffinityTerm": (
        "LabelSelector:?x Namespaces:[s TopologyKey:s NamespaceSelector:?x MatchLabelKeys:[s MismatchLabelKeys:[s"
    ),
    "WeightedPodAffinityTerm": "Weight:n PodAffinityTerm:PodAffinityTerm",
    "KeyToPath": "Key:s Path:s Mode:?n",
    "DownwardAPIVolumeFile": "Path:s FieldRef:?ObjectFieldSelector ResourceFieldRef:?ResourceFieldSelector Mode:?n",
    "VolumeProjection": (
        "Secret:?SecretProjection DownwardAPI:?DownwardAPIProjection ConfigMap:?ConfigMapProjection "
        "ServiceAccountToken:?ServiceAccountTokenProjection ClusterTrustBundle:?ClusterTrustBundleProjection "
        "PodCertificate:?PodCertificateProjection"
    ),
    "PersistentVolumeClaimTemplate": "+x Spec:PersistentVolumeClaimSpec",
    "ObjectFieldSelector": "APIVersion:s FieldPath:s",
    "ResourceFieldSelector": "ContainerName:s Resource:s Divisor:x",
    "ConfigMapKeySelector": "+LocalObjectReference Key:s Optional:?b",
    "SecretKeySelector": "+LocalObjectReference Key:s Optional:?b",
    "FileKeySelector": "VolumeName:s Path:s Key:s Optional:?b",
    "ExecAction": "Command:[s",
    "HTTPGetAction": "Path:s Port:n Host:s Scheme:s HTTPHeaders:[HTTPHeader",
    "TCPSocketAction": "Port:n Host:s",
    "GRPCAction": "Port:n Service:?s",
    "SleepAction": "Seconds:n",
    "NodeSelectorTerm": "MatchExpressions:[NodeSelectorRequirement MatchFields:[NodeSelectorRequirement",
    "SecretProjection": "+LocalObjectReference Items:[KeyToPath Optional:?b",
    "DownwardAPIProjection": "Items:[DownwardAPIVolumeFile",
    "ConfigMapProjection": "+LocalObjectReference Items:[KeyToPath Optional:?b",
    "ServiceAccountTokenProjection": "Audience:s ExpirationSeconds:n Path:s",
    "ClusterTrustBundleProjection": "Name:?s SignerName:?s LabelSelector:?x Optional:?b Path:s",
    "PodCertificateProjection": (
        "SignerName:s KeyType:s MaxExpirationSeconds:?n CredentialBundlePath:s KeyPath:s CertificateChainPath:s "
        "UserAnnotations:{s"
    ),
    "PersistentVolumeClaimSpec": (
        "AccessModes:[s Selector:?x Resources:VolumeResourceRequirements VolumeName:s StorageClassName:?s VolumeMode:?s "
        "DataSource:?TypedLocalObjectReference DataSourceRef:?TypedObjectReference VolumeAttributesClassName:?s"
    ),
    "HTTPHeader": "Name:s Value:s",
    "NodeSelectorRequirement": "Key:s Operator:s Values:[s",
    "VolumeResourceRequirements": "Limits:{x Requests:{x",
    "TypedLocalObjectReference": "APIGroup:?s Kind:s Name:s",
    "TypedObjectReference": "APIGroup:?s Kind:s Name:s Namespace:?s",
}
_NOTHING: dict[str, Any] = {"s": "", "b": False, "n": 0, "x": None}
# In the API these stand in the PodSpec itself.
_OF_HOST = ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "hostUsers")
_META = ("name", "generateName", "namespace", "labels", "annotations", "ownerReferences", "finalizers")


def internal_template(template: Document) -> Document:
    """A Pod template as the server's own type is written."""
    meta, spec = template.get("metadata") or {}, template.get("spec") or {}
    host = {field: spec[field] for field in _OF_HOST if field in spec}
    if host or "securityContext" in spec:
        spec = {**spec, "securityContext": {**(spec.get("securityContext") or {}), **host}}
    shown = {field: _sorted(meta[field]) for field in _META if meta.get(field)}
    return {**shown, "Spec": _written("PodSpec", spec)}


def _written(type_: str, value: Any) -> Any:
    """A value of the API as a value of the internal type."""
    if type_[0] == "?":
        return None if value is None else _written(type_[1:], value)
    if type_[0] == "[":
        return None if value is None else [_written(type_[1:], item) for item in value]
    if type_[0] == "{":
        return None if value is None else {name: _written(type_[1:], value[name]) for name in sorted(value)}
    if type_ in _NOTHING:
        return _NOTHING[type_] if value is None else _sorted(value)
    return _fields(type_, {name.lower(): item for name, item in (value or {}).items()})


def _fields(type_: str, given: dict[str, Any]) -> Document:
    found: Document = {}
    for field in INTERNAL[type_].split():
        if field[0] == "+":
            found |= _fields(field[1:], given)
            continue
        name, _, of = field.partition(":")
        found[name] = _written(of, given.get(name.lower()))
    return found


def _sorted(value: Any) -> Any:
    """Go writes the keys of a map in order."""
    return {name: value[name] for name in sorted(value)} if isinstance(value, dict) else value
