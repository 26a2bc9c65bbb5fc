"""Volumes on the board: drives on the nodes, the shelf beside them, what they are linked with."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.driver import advance, line, open_sandbox, violations

MANIFEST = """apiVersion: v1
kind: Pod
metadata: {name: writer}
spec:
  nodeName: node-1
  volumes: [{name: host, hostPath: {path: /data}}, {name: cache, emptyDir: {}}]
  containers:
  - name: main
    image: busybox
    command: [sh, -c, "echo hello > /host/hello.txt; sleep 3600"]
    volumeMounts: [{name: host, mountPath: /host}, {name: cache, mountPath: /cache}]
---
apiVersion: v1
kind: Pod
metadata: {name: shop}
spec:
  volumes: [{name: store, persistentVolumeClaim: {claimName: db}}]
  containers: [{name: main, image: nginx, volumeMounts: [{name: store, mountPath: /store}]}]
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: db}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
"""
WIDE = "document.documentElement.scrollWidth - innerWidth"


def test_it_works(page: Page) -> None:
    """Nothing without volumes; then a drive for each, which lights its Pods and leads to its details; axe has no complaint."""
    open_sandbox(page, playing=False)
    expect(page.locator("#stage .shelf")).to_be_hidden()
    assert page.locator(".drive").count() == 4  # those of the legend
    page.evaluate("text => { document.querySelector('[data-file]').value = text }", MANIFEST)
    line(page, "kubectl apply -f editor.yaml")
    advance(page, 60)
    folder = page.locator("[data-node=node-1] .drive[data-kind=folder]")
    expect(folder).to_have_attribute("title", re.compile("Folder /data on the disk of node-1: mounted by writer"))
    expect(page.locator("[data-node=node-1] .drive[data-kind=empty]")).to_have_count(1)
    shelved = page.locator("#stage .shelf .drive")
    expect(shelved).to_contain_text("Bound")
    shelved.hover()
    expect(page.locator("#stage button.pod[title*=shop]")).to_have_class(re.compile(r"\blit\b"))
    page.locator("#stage .pod[title*=writer]").hover()
    expect(folder).to_have_class(re.compile(r"\blit\b"))
    assert violations(page, "stage", context="#stage") == []
    shelved.click()
    expect(page.locator("#details .stored")).to_contain_text("network storage, reachable from every node")
    page.locator("#details").get_by_role("button", name="default/shop").click()
    expect(page.locator("#details-inside")).to_be_visible()
    page.locator("body").press("t")
    expect(page.get_by_role("table", name="Volumes")).to_contain_text("csi")
    page.locator("body").press("t")
    page.set_viewport_size({"width": 320, "height": 800})
    page.wait_for_function(f"() => {WIDE} <= 0")
    page.locator("#stage .pod[title*=writer]").focus()
    assert violations(page, "stage", context="#stage") == []
