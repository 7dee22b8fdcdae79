// SPDX-License-Identifier: Apache-2.0

internal import CNetlink
internal import Glibc
internal import Wire

/// One message from the kernel, viewed in the buffer it was received into; only lent, never kept.
@safe struct Message: ~Copyable {
    fileprivate let pointer: UnsafeMutablePointer<nlmsghdr>

    /// Waits for a datagram and shows its messages to `visit` in order.
    ///
    /// The corresponding C function is `recvmsg`.
    static func receive(on socket: OpaquePointer, _ visit: (borrowing Message) -> Void) throws(Errno) {
        var sender = sockaddr_nl()
        var buffer: UnsafeMutablePointer<UInt8>?
        var remaining = unsafe nl_recv(socket, &sender, &buffer, nil)
        guard remaining >= 0 else { throw remaining == -NLE_MSG_TRUNC ? Errno.messageTooLong : Errno.current }
        defer { unsafe free(buffer) }
        // Another process can send to our port; only port 0 is the kernel.
        guard sender.nl_pid == 0 else { return }
        // SAFETY: nlmsg_ok holds only while a whole message lies within `remaining` octets; malloc aligned the first
        // one, and nlmsg_next aligns the others. The buffer outlives the loop.
        var next = unsafe UnsafeMutableRawPointer(buffer)?.assumingMemoryBound(to: nlmsghdr.self)
        while let message = unsafe next, unsafe nlmsg_ok(message, remaining) != 0 {
            visit(unsafe Message(pointer: message))
            unsafe next = unsafe nlmsg_next(message, &remaining)
        }
    }

    /// Which request this message answers.
    var sequence: UInt32 { unsafe pointer.pointee.nlmsg_seq }

    /// Whether the table changed while it was being dumped.
    var isFromInterruptedDump: Bool { unsafe Int32(pointer.pointee.nlmsg_flags) & NLM_F_DUMP_INTR != 0 }

    /// Zero or -errno in a message that ends an exchange; `nil` in one that carries a reply.
    var status: Int32? {
        let type = unsafe Int32(pointer.pointee.nlmsg_type)
        guard type == NLMSG_ERROR || type == NLMSG_DONE else { return nil }
        return payload(as: Int32.self) ?? -EPROTO
    }

    /// What follows the netlink header; `nil` when the message is too short for it.
    fileprivate func payload<Value: BitwiseCopyable>(as type: Value.Type) -> Value? {
        guard unsafe nlmsg_valid_hdr(pointer, Int32(MemoryLayout<Value>.size)) != 0 else { return nil }
        // SAFETY: nlmsg_valid_hdr has just said that the message holds a `Value` after its header.
        return unsafe nlmsg_data(pointer).loadUnaligned(as: type)
    }
}

/// A reply of the family `Header`: its fixed part, then attributes; only lent, never kept.
@safe struct Reply<Header: BitwiseCopyable>: ~Copyable {
    /// The fixed part, such as `ifinfomsg`.
    let header: Header
    private let pointer: UnsafeMutablePointer<nlmsghdr>

    /// Reads the fixed part; `nil` when the message is too short for it.
    init?(_ message: borrowing Message) {
        guard let header = message.payload(as: Header.self) else { return nil }
        self.header = header
        unsafe pointer = unsafe message.pointer
    }

    /// Whether the kernel sent this attribute.
    func contains(_ attribute: some BinaryInteger) -> Bool { unsafe find(attribute) != nil }

    /// A number of four octets, host byte order; `nil` when it is not there.
    func number(_ attribute: some BinaryInteger) -> UInt32? { unsafe Self.number(find(attribute)) }

    /// The number `attribute` inside the attribute `parent`.
    func number(_ attribute: some BinaryInteger, in parent: some BinaryInteger) -> UInt32? {
        unsafe Self.number(find(attribute, in: parent))
    }

    /// The content of an attribute; `nil` when it is not there.
    func octets(_ attribute: some BinaryInteger) -> [UInt8]? {
        guard let found = unsafe find(attribute) else { return nil }
        // SAFETY: the buffer spans exactly the nla_len octets that the attribute holds.
        return unsafe [UInt8](UnsafeRawBufferPointer(start: nla_data(found), count: Int(nla_len(found))))
    }

    /// A number of one octet; `nil` when it is not there.
    func octet(_ attribute: some BinaryInteger) -> UInt8? {
        guard let found = unsafe find(attribute), unsafe nla_len(found) >= 1 else { return nil }
        // SAFETY: one octet is there, by the line above.
        return unsafe nla_get_u8(found)
    }

    /// The numbers of all attributes that the kernel sent, those unknown to us too.
    var attributes: Set<Int32> {
        let size = Int32(MemoryLayout<Header>.size)
        var found: Set<Int32> = []
        // SAFETY: nla_ok holds only while a whole attribute lies within `remaining` octets of the message.
        var remaining = unsafe nlmsg_attrlen(pointer, size)
        var next = unsafe nlmsg_attrdata(pointer, size)
        while let attribute = unsafe next, unsafe nla_ok(attribute, remaining) != 0 {
            found.insert(unsafe nla_type(attribute))
            unsafe next = unsafe nla_next(attribute, &remaining)
        }
        return found
    }

    /// The number of four octets at `index` of `attribute`, which is a list of them inside `parent` inside
    /// `grandparent`.
    func number(
        at index: Int, of attribute: some BinaryInteger, in parent: some BinaryInteger,
        of grandparent: some BinaryInteger
    ) -> UInt32? {
        guard let outer = unsafe find(parent, in: grandparent), let found = unsafe Self.find(attribute, in: outer),
            unsafe Int(nla_len(found)) >= (index + 1) * 4
        else { return nil }
        // SAFETY: so many octets are there, by the line above.
        return unsafe nla_data(found).loadUnaligned(fromByteOffset: index * 4, as: UInt32.self)
    }

    /// The octet `attribute` inside `parent` inside `grandparent`.
    func octet(
        _ attribute: some BinaryInteger, in parent: some BinaryInteger, of grandparent: some BinaryInteger
    ) -> UInt8? {
        guard let outer = unsafe find(parent, in: grandparent), let found = unsafe Self.find(attribute, in: outer),
            unsafe nla_len(found) >= 1
        else { return nil }
        // SAFETY: an octet is there, by the line above.
        return unsafe nla_data(found).load(as: UInt8.self)
    }

    /// The number of eight octets at `index` of an attribute that is a list of them, such as `rtnl_link_stats64`.
    func long(_ attribute: some BinaryInteger, at index: Int) -> UInt64? {
        guard let found = unsafe find(attribute), unsafe Int(nla_len(found)) >= (index + 1) * 8 else { return nil }
        // SAFETY: so many octets are there, by the line above.
        return unsafe nla_data(found).loadUnaligned(fromByteOffset: index * 8, as: UInt64.self)
    }

    /// The number of a link.
    func link(_ attribute: some BinaryInteger) -> Int32? { number(attribute).map(Int32.init(bitPattern:)) }

    /// An IPv4 address.
    func address(_ attribute: some BinaryInteger) -> IPv4Address? {
        number(attribute).map { IPv4Address(rawValue: UInt32(bigEndian: $0)) }
    }

    /// A string.
    func text(_ attribute: some BinaryInteger) -> String? { unsafe Self.text(find(attribute)) }

    /// The string `attribute` inside the attribute `parent`.
    func text(_ attribute: some BinaryInteger, in parent: some BinaryInteger) -> String? {
        unsafe Self.text(find(attribute, in: parent))
    }

    private func find(_ attribute: some BinaryInteger) -> UnsafeMutablePointer<nlattr>? {
        unsafe nlmsg_find_attr(pointer, Int32(MemoryLayout<Header>.size), Int32(attribute))
    }

    private func find(_ attribute: some BinaryInteger, in parent: some BinaryInteger) -> UnsafeMutablePointer<nlattr>? {
        guard let nest = unsafe find(parent) else { return nil }
        return unsafe Self.find(attribute, in: nest)
    }

    private static func find(
        _ attribute: some BinaryInteger, in nest: UnsafeMutablePointer<nlattr>
    ) -> UnsafeMutablePointer<nlattr>? {
        // SAFETY: an attribute that libnl found lies within its message, and holds nla_len octets at nla_data.
        return unsafe nla_find(nla_data(nest).assumingMemoryBound(to: nlattr.self), nla_len(nest), Int32(attribute))
    }

    private static func number(_ attribute: UnsafeMutablePointer<nlattr>?) -> UInt32? {
        guard let attribute = unsafe attribute, unsafe nla_len(attribute) >= 4 else { return nil }
        // SAFETY: four octets are there, by the line above.
        return unsafe nla_get_u32(attribute)
    }

    private static func text(_ attribute: UnsafeMutablePointer<nlattr>?) -> String? {
        guard let attribute = unsafe attribute else { return nil }
        // SAFETY: the buffer spans exactly the nla_len octets that the attribute holds.
        let octets = unsafe UnsafeRawBufferPointer(start: nla_data(attribute), count: Int(nla_len(attribute)))
        return unsafe String(decoding: octets.prefix { $0 != 0 }, as: UTF8.self)
    }
}
