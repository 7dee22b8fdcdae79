// SPDX-License-Identifier: Apache-2.0

internal import CNetlink
internal import Glibc

/// Messages about packet filters that the kernel carries out all at once or not at all (`NFNL_MSG_BATCH_BEGIN`).
struct FilterBatch: ~Copyable {
    /// Whether the kernel is only to say whether it would (`nft --check`).
    let isTrial: Bool
    private let family: UInt8
    private var messages: [[UInt8]] = []

    /// Starts one about filters of this family.
    init(_ family: EgressFilter.Family, isTrial: Bool = false) {
        self.family = family.rawValue
        self.isTrial = isTrial
    }

    /// Adds a message such as `NFT_MSG_NEWTABLE`, with the attributes that `body` puts into it.
    mutating func append(
        _ message: nf_tables_msg_types, flags: Int32 = 0,
        _ body: (borrowing Request<nfgenmsg>) throws(Errno) -> Void
    ) throws(Errno) {
        let request = try Request(FilterBatch.type(message), nfgenmsg(family), flags: flags)
        try body(request)
        messages.append(request.octets(sequence: 0))
    }

    /// All octets between begin and end, and the numbers that its messages have, of which `next` makes each.
    ///
    /// A batch without an end is carried out by no kernel, but looked at all the same. Of what works only the last message is
    /// acknowledged.
    func finished(_ next: () -> UInt32) -> (octets: [UInt8], sequences: Set<UInt32>) {
        var octets: [UInt8] = []
        var sequences: Set<UInt32> = []
        func add(_ message: [UInt8], flags: Int32 = 0) {
            let sequence = next()
            sequences.insert(sequence)
            octets += FilterBatch.numbered(message, sequence, flags: flags)
        }
        add(FilterBatch.edge(NFNL_MSG_BATCH_BEGIN))
        for message in messages.dropLast() { add(message) }
        if let last = messages.last { add(last, flags: NLM_F_ACK) }
        if !isTrial { add(FilterBatch.edge(NFNL_MSG_BATCH_END)) }
        return (octets, sequences)
    }

    /// Where packets are looked at (`NF_INET_POST_ROUTING`), and what becomes of them (`NF_ACCEPT`, `NF_DROP`): with the header
    /// that has these, names of sockets would be missing elsewhere.
    static let postrouting: UInt32 = 4, accept: UInt32 = 1, drop: UInt32 = 0

    /// The type of a message about nftables.
    static func type(_ message: nf_tables_msg_types) -> Int {
        Int(NFNL_SUBSYS_NFTABLES) << 8 | Int(message.rawValue)
    }

    /// The first or the last message: what it is about stands in network byte order.
    private static func edge(_ type: Int32) -> [UInt8] {
        let header: [UInt8] = [UInt8(AF_UNSPEC), UInt8(NFNETLINK_V0), 0, UInt8(NFNL_SUBSYS_NFTABLES)]
        let length = UInt32(16 + header.count)
        return bytes(length) + bytes(UInt16(type)) + bytes(UInt16(NLM_F_REQUEST)) + bytes(UInt32(0))
            + bytes(UInt32(0)) + header
    }

    /// The message with this number (octets 8 to 11), and with more flags (octets 6 and 7).
    private static func numbered(_ message: [UInt8], _ sequence: UInt32, flags: Int32) -> [UInt8] {
        var message = message
        let old = unsafe message.withUnsafeBytes { unsafe $0.loadUnaligned(fromByteOffset: 6, as: UInt16.self) }
        message.replaceSubrange(6..<8, with: bytes(old | UInt16(flags)))
        message.replaceSubrange(8..<12, with: bytes(sequence))
        return message
    }

    /// A number in this machine's byte order.
    static func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
        unsafe withUnsafeBytes(of: value) { unsafe Array($0) }
    }
}

extension nfgenmsg {
    /// What a message about filters of this family starts with.
    init(_ family: UInt8) { self.init(nfgen_family: family, version: UInt8(NFNETLINK_V0), res_id: 0) }
}
