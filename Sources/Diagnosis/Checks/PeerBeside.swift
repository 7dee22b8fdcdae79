// SPDX-License-Identifier: Apache-2.0

internal import Wire

/// Replies that come beside the tunnel.
package enum PeerBeside: Check {
    package static let id = "peer.beside"
    package static let why =
        "the peer sends what is for this end's inner address past the tunnel: only the outbound direction is confirmed"
    package static let causes = [OwnerKernel.id]

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        let findings = host.probes.filter(\.isOneWay).map { probe in
            // A reply to our outer address comes in clear from any host; one to an inner address should not.
            let isInner = probe.source != nil && probe.source != probe.local
            let evidence = [
                "peer: \(probe.peer) at \(probe.endpoint)",
                "\(probe.unwrapped) replies to \(probe.source.map { "\($0)" } ?? "this host") came beside the tunnel",
            ]
            guard isInner, let source = probe.source else {
                return finding(.info, evidence, why: "a reply to the outer address says nothing about the way back")
            }
            // What the kernel's tunnel here unwraps comes out of its own device.
            if OwnerKernel.judge(host).contains(where: { $0.verdict == .broken }) {
                return finding(.warning, evidence, why: "the kernel's tunnel of this host unwraps them")
            }
            return finding(
                .warning, evidence, next: "on \(probe.endpoint): ip route get \(source) has to name the tunnel's device"
            )
        }
        return findings.isEmpty ? [finding(.ok)] : findings
    }
}
