// SPDX-License-Identifier: Apache-2.0

internal import Tunnel
internal import Wire

extension TunnelPolicy {
    /// What is dangerous about it, or may surprise: said loudly when the tunnel comes up.
    package var warnings: [String] {
        var warnings: [String] = []
        switch acceptance {
        case .peers: break
        case .also([.all]):
            warnings.append(
                "--accept-from any: whoever can send protocol 4 to this host can put packets into it, with any inner "
                    + "source that is not a peer's; let a firewall say from whom")
        case .also(let prefixes):
            warnings.append(
                "--accept-from \(acceptance.description): inner sources are not checked for senders in "
                    + "\(prefixes.count == 1 ? "this prefix" : "these prefixes") that are no peers")
        }
        if outer.fragmentation == .clear {
            warnings.append(
                "--df clear: path MTU discovery does not see through this tunnel, and at high speed fragments of "
                    + "different packets can be mixed up (RFC 4963)")
        }
        return warnings
    }
}
