// SPDX-License-Identifier: Apache-2.0

/// The packet filter of a network namespace: what `nft list ruleset` and `iptables-save` print, as far as IPv4 meets it.
package struct Netfilter: Equatable, Sendable {
    package var tables: [Table]
    /// Parts of it that could not be read, each with the reason.
    package var gaps: [String]

    package init(tables: [Table] = [], gaps: [String] = []) {
        self.tables = tables
        self.gaps = gaps
    }

    /// Where on its way through the kernel a packet meets rules.
    package enum Hook: String, Sendable, CaseIterable {
        /// As it comes from a device, before anything else looks at it.
        case ingress
        case prerouting
        case input
        case forward
        case output
        case postrouting
        /// As it is given to a device.
        case egress
    }

    /// Whose packets a table sees.
    package enum Family: String, Sendable {
        case ip
        case inet
        case netdev
        /// Of Linux bridges: frames, before IP is looked at.
        case bridge
    }

    /// The program that made the rules, and that mends them.
    package enum Tool: Sendable {
        case nft
        /// The iptables whose rules are kept by nftables.
        case iptables
        /// The iptables before nftables.
        case legacyIptables
    }

    /// A table: chains, and the sets that their rules look into.
    package struct Table: Equatable, Sendable {
        package var family: Family
        package var name: String
        package var tool: Tool
        package var chains: [String: Chain] = [:]
        package var sets: [String: [Element]] = [:]

        package init(_ family: Family, _ name: String, tool: Tool = .nft) {
            self.family = family
            self.name = name
            self.tool = tool
        }
    }

    /// A list of rules, walked from the first to the last.
    package struct Chain: Equatable, Sendable {
        package var name: String
        /// Where packets enter it; none when only other chains lead to it.
        package var base: Base?
        package var rules: [Rule] = []

        package init(_ name: String, base: Base? = nil, rules: [Rule] = []) {
            self.name = name
            self.base = base
            self.rules = rules
        }
    }

    /// What makes a chain a base chain.
    package struct Base: Equatable, Sendable {
        package var hook: Hook
        /// Of several chains of a hook the lowest comes first.
        package var priority: Int
        package var kind = Kind.filter
        /// What becomes of a packet that no rule decides about.
        package var policy = Policy.accept
        /// Of ingress and egress: the devices.
        package var devices: [String] = []

        package init(_ hook: Hook, priority: Int = 0, kind: Kind = .filter, policy: Policy = .accept) {
            self.hook = hook
            self.priority = priority
            self.kind = kind
            self.policy = policy
        }
    }

    package enum Kind: Sendable {
        case filter
        /// Sees the first packet of a connection only.
        case nat
    }

    package enum Policy: Sendable {
        case accept
        case drop
    }
}
