// SPDX-License-Identifier: Apache-2.0

extension Key {
    /// What it means, in one line: the help of its flag.
    package var meaning: String {
        switch self {
        case .address: "Inner address A/P or 'A peer B'; by comma, or repeated."
        case .local: "Our outer address, or 'auto' (default): what the route to each peer says."
        case .device: "The device, and the tunnel's name (default: the file's name, else first free iptunN)."
        case .mtu: "MTU of the device, 68 to 65515, or 'auto' (default): the underlay's - 20."
        case .ttl: "TTL of outer packets, 1 to 255, or 'inherit' (default: 64)."
        case .df: "DF of outer packets: 'set' (default), 'copy', or 'clear'."
        case .dscp: "DSCP of outer packets, 0 to 63, or 'inherit' (default)."
        case .ecn: "ECN of outer packets: 'normal' (default) or 'compatible'."
        case .minimumTTL: "Least outer TTL to take from a peer, 1 to 255 (RFC 5082)."
        case .segmentSizeClamp: "Longest TCP segment to agree on: 'off', 'auto' (default), or octets."
        case .table: "Where routes to the peers' prefixes go: 'auto' (default), 'off', or a table's number."
        case .forward: "Forward between the tunnel and the networks behind this host, without ICMP redirects."
        case .proxyARP: "Answer ARP on this device for what is behind the peers; 'DEV networks': for blocks too."
        case .only: "Carry one way only: 'encapsulate' or 'decapsulate'."
        case .acceptFrom: "Take packets from 'peers', 'any', or peers and prefixes; by comma, or repeated."
        case .namespace: "Put the device into this network namespace; outer packets stay in ours."
        case .firewallMark: "Mark of outer packets for rules and filters: N or N/MASK, or 'auto' (default): our own."
        case .killSwitch: "What is behind the peers leaves this host by the tunnel only, up or not."
        case .user: "Whom the daemon becomes after set-up (default: iptund, else nobody)."
        case .workers: "Pairs of threads that share the flows, 1 to 16, or 'auto' (default: 1)."
        case .offload: "Several packets as one to and from the kernel: 'auto' (default) or 'off'."
        case .keepalive:
            "Asking silent peers for a sign of life: 'off' (default), or '10s,3': down after 3."
        case .name: "What the peer is called in reports."
        case .endpoint: "The other end: an address or a host name."
        case .probe: "Inner address at the peer that Keepalive and 'iptund ping' ask."
        case .allowedIPs: "Inner prefixes behind the peer: routed, enforced; by comma, or repeated."
        }
    }
}
