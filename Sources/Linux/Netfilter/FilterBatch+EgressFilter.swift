// SPDX-License-Identifier: Apache-2.0

internal import CNetlink
internal import Glibc
internal import Wire

/// What a table consists of: one chain with a rule, and one before it where a user's questions for names pass.
///
/// ```
/// table ip NAME {
///     comment "…"
///     chain out {
///         type filter hook postrouting priority -450;
///         meta skuid USER th dport 53 accept comment "questions FINGERPRINT"
///         oifname != "LINK" oifname != "lo" meta mark & MASK != MARK ip daddr { RANGES } counter drop comment "FINGERPRINT"
///     }
/// }
/// ```
///
/// The set has no name and is constant: it changes only with the rule.
extension FilterBatch {
    /// Adds the table, the chain, the set and the rule. The counter starts at `count`.
    mutating func build(_ filter: EgressFilter, _ count: EgressFilter.Count) throws(Errno) {
        let create = NLM_F_CREATE
        try append(NFT_MSG_NEWTABLE, flags: create | NLM_F_EXCL) { request throws(Errno) in
            try request.put(NFTA_TABLE_NAME.rawValue, filter.table)
            try request.put(NFTA_TABLE_USERDATA.rawValue, UserData.comment(EgressFilter.comment))
        }
        try append(NFT_MSG_NEWCHAIN, flags: create) { request throws(Errno) in
            try request.put(NFTA_CHAIN_TABLE.rawValue, filter.table)
            try request.put(NFTA_CHAIN_NAME.rawValue, EgressFilter.chain)
            try request.nest(NFTA_CHAIN_HOOK.rawValue) { () throws(Errno) in
                try request.put(NFTA_HOOK_HOOKNUM.rawValue, network: FilterBatch.postrouting)
                try request.put(
                    NFTA_HOOK_PRIORITY.rawValue, network: UInt32(bitPattern: EgressFilter.priority))
            }
            try request.put(NFTA_CHAIN_POLICY.rawValue, network: FilterBatch.accept)
            try request.put(NFTA_CHAIN_TYPE.rawValue, "filter")
        }
        guard !filter.destinations.isEmpty else { return }
        try appendSet(filter)
        for comment in filter.comments {
            try append(NFT_MSG_NEWRULE, flags: create | NLM_F_APPEND) { request throws(Errno) in
                try request.put(NFTA_RULE_TABLE.rawValue, filter.table)
                try request.put(NFTA_RULE_CHAIN.rawValue, EgressFilter.chain)
                try request.nest(NFTA_RULE_EXPRESSIONS.rawValue) { () throws(Errno) in
                    if let user = filter.questioner, comment != filter.fingerprint {
                        try request.putQuestions(of: user)
                    } else {
                        try request.putExpressions(of: filter, count)
                    }
                }
                try request.put(NFTA_RULE_USERDATA.rawValue, UserData.comment(comment))
            }
        }
    }

    private mutating func appendSet(_ filter: EgressFilter) throws(Errno) {
        try append(NFT_MSG_NEWSET, flags: NLM_F_CREATE) { request throws(Errno) in
            try request.put(NFTA_SET_TABLE.rawValue, filter.table)
            try request.put(NFTA_SET_NAME.rawValue, FilterBatch.set)
            try request.put(NFTA_SET_ID.rawValue, network: FilterBatch.setNumber)
            let flags = NFT_SET_ANONYMOUS.rawValue | NFT_SET_CONSTANT.rawValue | NFT_SET_INTERVAL.rawValue
            try request.put(NFTA_SET_FLAGS.rawValue, network: flags)
            try request.put(NFTA_SET_KEY_TYPE.rawValue, network: filter.family.addressType)
            try request.put(NFTA_SET_KEY_LEN.rawValue, network: UInt32(filter.family.addressLength))
        }
        // A message has room for some thousand octets.
        for start in stride(from: 0, to: filter.destinations.count, by: FilterBatch.rangesAtOnce) {
            let ranges = filter.destinations[start...].prefix(FilterBatch.rangesAtOnce)
            try append(NFT_MSG_NEWSETELEM, flags: NLM_F_CREATE) { request throws(Errno) in
                try request.put(NFTA_SET_ELEM_LIST_TABLE.rawValue, filter.table)
                try request.put(NFTA_SET_ELEM_LIST_SET.rawValue, FilterBatch.set)
                try request.put(NFTA_SET_ELEM_LIST_SET_ID.rawValue, network: FilterBatch.setNumber)
                try request.nest(NFTA_SET_ELEM_LIST_ELEMENTS.rawValue) { () throws(Errno) in
                    for range in ranges { try request.put(range, filter.family) }
                }
            }
        }
    }

    /// What the set is called in the batch; the kernel puts a number in.
    fileprivate static let set = "__set%d"
    fileprivate static let setNumber: UInt32 = 1
    private static let rangesAtOnce = 32
}

extension Request<nfgenmsg> {
    /// Adds a range as the kernel keeps it: its first address, and the one behind its last as an end.
    fileprivate func put(_ range: AddressRange, _ family: EgressFilter.Family) throws(Errno) {
        try putElement(range.first, family)
        let most = family == .ipv4 ? UInt128(UInt32.max) : .max
        if range.last < most { try putElement(range.last + 1, family, isEnd: true) }
    }

    private func putElement(
        _ address: UInt128, _ family: EgressFilter.Family, isEnd: Bool = false
    ) throws(Errno) {
        try nest(NFTA_LIST_ELEM.rawValue) { () throws(Errno) in
            if isEnd { try put(NFTA_SET_ELEM_FLAGS.rawValue, network: NFT_SET_ELEM_INTERVAL_END.rawValue) }
            let octets = (0..<family.addressLength).map { UInt8(truncatingIfNeeded: address >> UInt128(8 * $0)) }
            try putData(NFTA_SET_ELEM_KEY.rawValue, octets.reversed())
        }
    }

    /// Adds what the rule consists of, in the order in which it is looked at: what most packets fail at comes first.
    fileprivate func putExpressions(of filter: EgressFilter, _ count: EgressFilter.Count) throws(Errno) {
        for name in [filter.link, "lo"] {
            try putMeta(NFT_META_OIFNAME)
            // Names are compared as the kernel keeps them: 16 octets, zeros behind.
            let padding = [UInt8](repeating: 0, count: max(0, 16 - name.utf8.count))
            try putUnequal(Array(name.utf8) + padding)
        }
        if let mark = filter.mark {
            try putMeta(NFT_META_MARK)
            try putMask(FilterBatch.bytes(mark.mask))
            try putUnequal(FilterBatch.bytes(mark.value))
        }
        try putDestination(filter.family)
        try putLookUp()
        try putCounter(count)
        try putVerdict(FilterBatch.drop)
    }

    /// Adds what lets questions for names pass. What has no socket or no port does not fit, and goes on to the next rule.
    fileprivate func putQuestions(of user: UInt32) throws(Errno) {
        try putMeta(NFT_META_SKUID)
        try putComparison(NFT_CMP_EQ, FilterBatch.bytes(user))
        try putExpression("payload") { () throws(Errno) in
            try put(NFTA_PAYLOAD_DREG.rawValue, network: NFT_REG_1.rawValue)
            try put(NFTA_PAYLOAD_BASE.rawValue, network: NFT_PAYLOAD_TRANSPORT_HEADER.rawValue)
            // The destination port, of UDP and TCP alike.
            try put(NFTA_PAYLOAD_OFFSET.rawValue, network: 2)
            try put(NFTA_PAYLOAD_LEN.rawValue, network: 2)
        }
        try putComparison(NFT_CMP_EQ, [0, 53])
        try putVerdict(FilterBatch.accept)
    }

    private func putDestination(_ family: EgressFilter.Family) throws(Errno) {
        try putExpression("payload") { () throws(Errno) in
            try put(NFTA_PAYLOAD_DREG.rawValue, network: NFT_REG_1.rawValue)
            try put(NFTA_PAYLOAD_BASE.rawValue, network: NFT_PAYLOAD_NETWORK_HEADER.rawValue)
            try put(NFTA_PAYLOAD_OFFSET.rawValue, network: UInt32(family.destinationOffset))
            try put(NFTA_PAYLOAD_LEN.rawValue, network: UInt32(family.addressLength))
        }
    }

    private func putLookUp() throws(Errno) {
        try putExpression("lookup") { () throws(Errno) in
            try put(NFTA_LOOKUP_SREG.rawValue, network: NFT_REG_1.rawValue)
            try put(NFTA_LOOKUP_SET.rawValue, FilterBatch.set)
            try put(NFTA_LOOKUP_SET_ID.rawValue, network: FilterBatch.setNumber)
        }
    }

    private func putCounter(_ count: EgressFilter.Count) throws(Errno) {
        try putExpression("counter") { () throws(Errno) in
            try put(NFTA_COUNTER_BYTES.rawValue, FilterBatch.bytes(count.octets.bigEndian))
            try put(NFTA_COUNTER_PACKETS.rawValue, FilterBatch.bytes(count.packets.bigEndian))
        }
    }

    private func putVerdict(_ code: UInt32) throws(Errno) {
        try putExpression("immediate") { () throws(Errno) in
            try put(NFTA_IMMEDIATE_DREG.rawValue, network: NFT_REG_VERDICT.rawValue)
            try nest(NFTA_IMMEDIATE_DATA.rawValue) { () throws(Errno) in
                try nest(NFTA_DATA_VERDICT.rawValue) { () throws(Errno) in
                    try put(NFTA_VERDICT_CODE.rawValue, network: code)
                }
            }
        }
    }

    private func putMeta(_ key: nft_meta_keys) throws(Errno) {
        try putExpression("meta") { () throws(Errno) in
            try put(NFTA_META_KEY.rawValue, network: key.rawValue)
            try put(NFTA_META_DREG.rawValue, network: NFT_REG_1.rawValue)
        }
    }

    /// Clears the other bits of the register.
    private func putMask(_ octets: [UInt8]) throws(Errno) {
        try putExpression("bitwise") { () throws(Errno) in
            try put(NFTA_BITWISE_SREG.rawValue, network: NFT_REG_1.rawValue)
            try put(NFTA_BITWISE_DREG.rawValue, network: NFT_REG_1.rawValue)
            try put(NFTA_BITWISE_LEN.rawValue, network: UInt32(octets.count))
            try putData(NFTA_BITWISE_MASK.rawValue, octets)
            try putData(NFTA_BITWISE_XOR.rawValue, octets.map { _ in 0 })
        }
    }

    /// Goes on only where the register has another content.
    private func putUnequal(_ octets: [UInt8]) throws(Errno) { try putComparison(NFT_CMP_NEQ, octets) }

    private func putComparison(_ operation: nft_cmp_ops, _ octets: [UInt8]) throws(Errno) {
        try putExpression("cmp") { () throws(Errno) in
            try put(NFTA_CMP_SREG.rawValue, network: NFT_REG_1.rawValue)
            try put(NFTA_CMP_OP.rawValue, network: operation.rawValue)
            try putData(NFTA_CMP_DATA.rawValue, octets)
        }
    }

    private func putData(_ attribute: UInt32, _ octets: [UInt8]) throws(Errno) {
        try nest(attribute) { () throws(Errno) in try put(NFTA_DATA_VALUE.rawValue, octets) }
    }

    private func putExpression(_ name: String, _ body: () throws(Errno) -> Void) throws(Errno) {
        try nest(NFTA_LIST_ELEM.rawValue) { () throws(Errno) in
            try put(NFTA_EXPR_NAME.rawValue, name)
            try nest(NFTA_EXPR_DATA.rawValue, body)
        }
    }
}
