// SPDX-License-Identifier: Apache-2.0

internal import CNetlink
internal import Glibc

/// Packet filters (nft(8)). For sessions that were opened with them; each verb requires `CAP_NET_ADMIN`.
/// - Throws: `EPROTONOSUPPORT`, `EOPNOTSUPP` or `ENOENT` where the kernel lacks nftables, or a part of it.
extension Netlink {
    /// How this host stands to a table of this name.
    ///
    /// `nft list table FAMILY NAME`
    package func egressFilter(_ table: String, _ family: EgressFilter.Family) throws(Errno) -> EgressFilter.Presence {
        guard let found = try filterTable(table, family) else { return .absent }
        guard found.isOurs else { return .foreign }
        let rules = try filterRules(table, family)
        let count = rules.compactMap(\.dropped).first ?? EgressFilter.Count()
        // A table that is asleep lets everything pass (`flags dormant`).
        guard found.flags == 0, try isFilterChainSound(table, family) else {
            return .ours(fingerprint: nil, dropped: count)
        }
        let comments = rules.compactMap(\.comment)
        return .ours(
            fingerprint: comments.count == rules.count ? EgressFilter.content(of: comments) : nil, dropped: count)
    }

    /// Makes the table, in place of one of ours if there is one, in one step: there is no moment between. What was counted
    /// goes on to be.
    ///
    /// - Throws: `EEXIST` when another program has a table of this name.
    package func place(_ filter: EgressFilter) throws(Errno) {
        let presence = try egressFilter(filter.table, filter.family)
        var batch = FilterBatch(filter.family)
        var count = EgressFilter.Count()
        switch presence {
        case .absent: break
        case .foreign: throw .exists
        case .ours(_, let dropped):
            count = dropped
            try batch.append(NFT_MSG_DELTABLE) { request throws(Errno) in
                try request.put(NFTA_TABLE_NAME.rawValue, filter.table)
            }
        }
        try batch.build(filter, count)
        try commit(batch)
    }

    /// Tries whether the kernel would take such a table, and changes nothing.
    package func tryOut(_ filter: EgressFilter) throws(Errno) {
        var batch = FilterBatch(filter.family, isTrial: true)
        try batch.build(filter, EgressFilter.Count())
        do throws(Errno) { try commit(batch) } catch .exists { return }
    }

    /// Removes the table of this name, if it is ours. Returns whether it was there.
    ///
    /// `nft delete table FAMILY NAME`
    package func removeEgressFilter(_ table: String, _ family: EgressFilter.Family) throws(Errno) -> Bool {
        guard try filterTable(table, family)?.isOurs == true else { return false }
        var batch = FilterBatch(family)
        try batch.append(NFT_MSG_DELTABLE) { request throws(Errno) in
            try request.put(NFTA_TABLE_NAME.rawValue, table)
        }
        do throws(Errno) { try commit(batch) } catch .noSuchFile { return false }
        return true
    }
}

extension EgressFilter {
    /// What ``Netlink/egressFilter(_:_:)`` finds where it is exactly this.
    package var content: String { EgressFilter.content(of: destinations.isEmpty ? [] : comments) }

    /// The comments of the rules, in their order.
    var comments: [String] { (questioner == nil ? [] : ["questions \(fingerprint)"]) + [fingerprint] }

    /// What stands for rules with these comments; a table without one has nothing to drop.
    fileprivate static func content(of comments: [String]) -> String { comments.joined(separator: ", ") }
}

/// What the kernel says of a table.
extension Netlink {
    private func filterTable(
        _ table: String, _ family: EgressFilter.Family
    ) throws(Errno) -> FoundTable? {
        let request = try filterQuestion(NFT_MSG_GETTABLE, family)
        try request.put(NFTA_TABLE_NAME.rawValue, table)
        do throws(Errno) {
            return try collect(request) { reply -> FoundTable? in
                guard reply.text(NFTA_TABLE_NAME.rawValue) == table else { return nil }
                return FoundTable(
                    flags: reply.number(NFTA_TABLE_FLAGS.rawValue)?.bigEndian ?? 0,
                    comment: reply.octets(NFTA_TABLE_USERDATA.rawValue).flatMap(UserData.comment))
            }.first
        } catch .noSuchFile {
            return nil
        }
    }

    /// Whether our chain is there, and where it belongs.
    private func isFilterChainSound(_ table: String, _ family: EgressFilter.Family) throws(Errno) -> Bool {
        let request = try filterQuestion(NFT_MSG_GETCHAIN, family)
        try request.put(NFTA_CHAIN_TABLE.rawValue, table)
        try request.put(NFTA_CHAIN_NAME.rawValue, EgressFilter.chain)
        do throws(Errno) {
            return try collect(request) { reply -> Bool? in
                let (hook, parent) = (NFTA_CHAIN_HOOK.rawValue, NFTA_HOOK_HOOKNUM.rawValue)
                return reply.number(parent, in: hook)?.bigEndian == FilterBatch.postrouting ? true : nil
            }.first ?? false
        } catch .noSuchFile {
            return false
        }
    }

    private func filterRules(
        _ table: String, _ family: EgressFilter.Family
    ) throws(Errno) -> [FoundRule] {
        let request = try filterQuestion(NFT_MSG_GETRULE, family, flags: NLM_F_DUMP)
        try request.put(NFTA_RULE_TABLE.rawValue, table)
        return try collect(request) { reply -> FoundRule? in
            // An older kernel does not pick.
            guard reply.text(NFTA_RULE_TABLE.rawValue) == table else { return nil }
            let expressions = AttributeList(reply.octets(NFTA_RULE_EXPRESSIONS.rawValue) ?? []).attributes
            return FoundRule(
                comment: reply.octets(NFTA_RULE_USERDATA.rawValue).flatMap(UserData.comment),
                dropped: expressions.compactMap { EgressFilter.Count(expression: $0.octets) }.first)
        }
    }

    private func filterQuestion(
        _ message: nf_tables_msg_types, _ family: EgressFilter.Family, flags: Int32 = 0
    ) throws(Errno) -> Request<nfgenmsg> {
        try Request(FilterBatch.type(message), nfgenmsg(family.rawValue), flags: flags)
    }
}

private struct FoundTable {
    let flags: UInt32
    let comment: String?

    var isOurs: Bool { comment == EgressFilter.comment }
}

private struct FoundRule {
    let comment: String?
    let dropped: EgressFilter.Count?
}

extension EgressFilter.Count {
    /// What a counter of a rule says; `nil` for other expressions.
    fileprivate init?(expression: [UInt8]) {
        let fields = AttributeList(expression)
        guard let name = fields[NFTA_EXPR_NAME.rawValue], name.starts(with: "counter".utf8),
            let data = fields[NFTA_EXPR_DATA.rawValue]
        else { return nil }
        let values = AttributeList(data)
        func number(_ attribute: UInt32) -> UInt64 { (values[attribute] ?? []).reduce(0) { $0 << 8 | UInt64($1) } }
        self.init(packets: number(NFTA_COUNTER_PACKETS.rawValue), octets: number(NFTA_COUNTER_BYTES.rawValue))
    }
}
