/** Texts that only JavaScript shows, in both languages, and messages with named arguments and plurals. */
const ENGLISH = {
  live: "Live", paused: "Paused", rewound: "Rewound {span}", reconnecting: "Reconnecting", connecting: "Connecting",
  play: "Play", pause: "Pause",
  lost: "Connection lost. Trying again in {n} s. The board keeps its last picture; the past can still be looked at.",
  "lost-now": "Connection lost. Trying again.", back: "Connected again.", away: "{n, plural, one {# event} other {# events}} while you were away",
  event: "event {r}", of: "of {head}", batch: "{n, plural, one {# event} other {# events}}: {first}", "many-events": "{n} events, the last: {first}",
  idle: "Nothing is happening. Run a command, or let time go on.", nothing: "{actor}: {verb} {object}",
  revision: "everything passes through here · revision {r}", "revision-short": "{r} revisions kept",
  workload: "{name}: {desired} wanted, {ready} ready", "workload-none": "nothing to do",
  "queue-none": "queue is empty", "queue-some": "{n, plural, one {# pod waits} other {# pods wait}}", down: "switched off",
  ready: "Ready", notready: "NotReady", unknown: "Unknown", cordoned: "Cordoned", off: "kubelet off", stopped: "stopped", gone: "This cluster is not yours, or it no longer exists.", rules: "{n, plural, one {# Service} other {# Services}}", "rules-title": "kube-proxy has written rules for {n, plural, one {# Service port} other {# Service ports}} on this node", images: "{n, plural, one {# image} other {# images}}",
  cpu: "CPU", memory: "Mem", cores: "cores", gi: "Gi",
  requested: "{what} requested: {used} of {total} {unit}",
  "pod-label": "Pod {name}, {version}{status}, {place}", "pod-version": "version {version}, ", "no-node": "not on a node", "on-node": "on {node}",
  "node-label": "Node {name}, {status}, {n, plural, one {# pod} other {# pods}}", arriving: "arriving",
  "fits": "fits", "fits-score": "fits · score {n}", "best-score": "best · score {n}", best: "chosen",
  "no-toleration": "no toleration", "no-TaintToleration": "no toleration for {taint}", "no-NodeUnschedulable": "cordoned", "no-NodeResourcesFit": "not enough room", "no-NodeAffinity": "labels do not match",
  "no-NodeName": "another node is asked for", "no-NodePorts": "port is taken",
  "no-PodTopologySpread": "spread would break", "no-InterPodAffinity": "unwanted neighbours", "no-VolumeBinding": "volume not to be had",
  "no-VolumeZone": "volume in another zone", "no-VolumeRestrictions": "volume in use", "no-NodeVolumeLimits": "too many volumes",
  "queue-to": "queue → {node}", "back-off": "again in {n} s", grace: "{n} s", leaves: "{n} s left",
  held: "cannot be evicted: the budget {name} allows no disruption", 
  nominated: "room is made here", "nominated-title": "{pod} is to come here once room has been made", "no-node-fits": "No node fits", waits: "It waits",
  "past-note": "You look at {time}. A command from here starts a new branch; what came after stays reachable.",
  branch: "Branch {name}", "forked-at": "from event {r}", forked: "New branch from event {r}. The other one is kept in the branches menu.",
  "moment-text": "event {r} of {head}, {time}", running: "A command is running; ^C ends it.", offline: "Not connected: commands are off.",
  pods: "Pods", nodes: "Nodes", name: "Name", namespace: "Namespace", owner: "Owner", version: "Version", phase: "Status", "ready-col": "Ready", restarts: "Restarts", node: "Node", reason: "Reason", since: "Since",
  taints: "Taints", "pods-col": "Pods", ip: "IP", "requests-cpu": "CPU requested", "requests-memory": "Memory requested", completions: "{n} possibilities",
  system: "system", "no-events": "No events yet.", decimals: "{n} s",
};
const CHINESE = {
  live: "实时", paused: "已暂停", rewound: "已回退 {span}", reconnecting: "正在重连", connecting: "正在连接",
  play: "播放", pause: "暂停",
  lost: "连接已断开，{n} 秒后重试。画面停在最后一刻，过去仍可查看。",
  "lost-now": "连接已断开，正在重试。", back: "已重新连接。", away: "你离开期间发生了 {n} 个事件",
  event: "事件 {r}", of: "共 {head}", batch: "{n} 个事件：{first}", "many-events": "{n} 个事件，最后一个：{first}",
  idle: "现在没有动静。运行一条命令，或让时间继续。", nothing: "{actor}:{verb} {object}",
  revision: "一切都经过这里 · 版本 {r}", "revision-short": "保存 {r} 个版本",
  workload: "{name}：期望 {desired}，就绪 {ready}", "workload-none": "无事可做",
  "queue-none": "队列为空", "queue-some": "{n} 个 Pod 等待", down: "已关闭",
  ready: "Ready", notready: "NotReady", unknown: "Unknown", cordoned: "已封锁", off: "kubelet 已停", stopped: "已停机", gone: "这个集群不属于你，或已不存在。", rules: "{n} 个 Service", "rules-title": "kube-proxy 已在此节点为 {n} 个 Service 端口写入规则", images: "{n} 个镜像",
  cpu: "CPU", memory: "内存", cores: "核", gi: "Gi",
  requested: "{what} 请求量：{used} / {total} {unit}",
  "pod-label": "Pod {name},{version}{status},{place}", "pod-version": "版本 {version}，", "no-node": "未分配节点", "on-node": "位于 {node}",
  "node-label": "节点 {name}，{status}，{n} 个 Pod", arriving: "即将到达",
  "fits": "合适", "fits-score": "合适 · {n} 分", "best-score": "最佳 · {n} 分", best: "选中",
  "no-toleration": "不容忍", "no-TaintToleration": "不容忍 {taint}", "no-NodeUnschedulable": "已封锁", "no-NodeResourcesFit": "资源不足", "no-NodeAffinity": "标签不匹配",
  "no-NodeName": "指定了别的节点", "no-NodePorts": "端口已被占用",
  "no-PodTopologySpread": "会破坏分布约束", "no-InterPodAffinity": "邻居不合要求", "no-VolumeBinding": "卷无法提供",
  "no-VolumeZone": "卷在别的可用区", "no-VolumeRestrictions": "卷正被使用", "no-NodeVolumeLimits": "卷太多",
  "queue-to": "队列 → {node}", "back-off": "{n} 秒后再试", grace: "{n} 秒", leaves: "剩 {n} 秒",
  held: "不能驱逐：预算 {name} 不允许中断", 
  nominated: "在此腾出位置", "nominated-title": "位置腾出后 {pod} 会来到这里", "no-node-fits": "没有合适的节点", waits: "正在等待",
  "past-note": "你正在看 {time}。从这里运行命令会开出新分支，之后发生的一切仍可找回。",
  branch: "分支 {name}", "forked-at": "始于事件 {r}", forked: "从事件 {r} 开出新分支。原来的分支保留在分支菜单中。",
  "moment-text": "事件 {r}，共 {head}，{time}", running: "命令正在运行，^C 可中止。", offline: "未连接，命令暂不可用。",
  pods: "Pod", nodes: "节点", name: "名称", namespace: "命名空间", owner: "所有者", version: "版本", phase: "状态", "ready-col": "就绪", restarts: "重启", node: "节点", reason: "原因", since: "始于",
  taints: "污点", "pods-col": "Pod", ip: "IP", "requests-cpu": "CPU 请求", "requests-memory": "内存请求", completions: "{n} 个候选",
  system: "系统", "no-events": "还没有事件。", decimals: "{n} 秒",
};
const language = globalThis.document?.documentElement.lang ?? "en";
const TEXTS = language.startsWith("zh") ? { ...ENGLISH, ...CHINESE } : ENGLISH;
const plurals = new Intl.PluralRules(language.startsWith("zh") ? "zh" : "en");

/** Splits a template into literal text and placeholders: `{name}` or `{name, plural, one {…} other {…}}`. */
export function pieces(template) {
  const found = [];
  let text = "";
  for (let at = 0; at < template.length; at += 1) {
    if (template[at] !== "{") {
      text += template[at];
      continue;
    }
    let end = at, depth = 0;
    do depth += { "{": 1, "}": -1 }[template[end++]] ?? 0; while (depth > 0 && end < template.length);
    const inside = template.slice(at + 1, end - 1);
    if (text) found.push({ text });
    text = "";
    const [name] = inside.split(",", 1);
    found.push(inside.includes(",") ? { name: name.trim(), forms: forms(inside) } : { name: inside.trim() });
    at = end - 1;
  }
  if (text) found.push({ text });
  return found;
}

function forms(inside) {
  return Object.fromEntries([...inside.matchAll(/(\w+)\s*\{([^{}]*)\}/g)].map((match) => [match[1], match[2]]));
}

/** The plural form of `forms` for the number n, with `#` replaced. */
export function plural(forms, n) {
  return (forms[`=${n}`] ?? forms[plurals.select(Number(n))] ?? forms.other ?? "").replaceAll("#", String(n));
}

export function format(template, args = {}) {
  return pieces(template)
    .map((piece) => piece.text ?? (piece.forms ? plural(piece.forms, args[piece.name]) : String(args[piece.name] ?? "")))
    .join("");
}

export function text(key, args) {
  return format(TEXTS[key] ?? key, args);
}

/** Virtual time as one reads it: 0:14.2, 12:03.0, 1:02:03. `ms` since the cluster's epoch. */
export function clockText(ms) {
  const tenths = Math.floor(ms / 100);
  const seconds = Math.floor(tenths / 10), minutes = Math.floor(seconds / 60), hours = Math.floor(minutes / 60);
  const two = (n) => String(n).padStart(2, "0");
  if (hours) return `${hours}:${two(minutes % 60)}:${two(seconds % 60)}`;
  return `${minutes}:${two(seconds % 60)}.${tenths % 10}`;
}

/** A span of virtual time: "6.2 s", "4 min", "3 h". */
export function spanText(ms) {
  if (ms < 60_000) return text("decimals", { n: (ms / 1000).toFixed(1) });
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`;
  return `${Math.round(ms / 3_600_000)} h`;
}
