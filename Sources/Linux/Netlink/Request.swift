// SPDX-License-Identifier: Apache-2.0

internal import CNetlink
internal import Glibc
internal import Wire

/// A request to the kernel, written attribute by attribute.
///
/// `Header` is the fixed part that every rtnetlink message of a family starts with, such as `ifinfomsg`.
/// - Throws: every verb throws `EMSGSIZE` when the request outgrows its page, which only an absurd name can cause.
@safe struct Request<Header: BitwiseCopyable>: ~Copyable {
    private let message: OpaquePointer

    /// Starts a request such as RTM_NEWLINK, with flags such as NLM_F_CREATE.
    init(_ type: Int, _ header: Header, flags: Int32 = 0) throws(Errno) {
        guard let message = unsafe nlmsg_alloc_simple(Int32(type), flags) else { throw Errno(rawValue: ENOMEM) }
        unsafe self.message = unsafe message
        var header = header
        // SAFETY: nlmsg_append copies the octets of `header`, which lives until the call returns.
        let result = unsafe nlmsg_append(message, &header, MemoryLayout<Header>.size, Int32(NLMSG_ALIGNTO))
        precondition(result == 0, "an empty page has room for a header")
    }

    deinit { unsafe nlmsg_free(message) }

    /// Adds an attribute of one octet.
    func put(_ attribute: some BinaryInteger, _ value: UInt8) throws(Errno) {
        try fits(unsafe nla_put_u8(message, Int32(attribute), value))
    }

    /// Adds an attribute of four octets, host byte order.
    func put(_ attribute: some BinaryInteger, _ value: UInt32) throws(Errno) {
        try fits(unsafe nla_put_u32(message, Int32(attribute), value))
    }

    /// Adds the number of a link.
    func put(_ attribute: some BinaryInteger, link index: Int32) throws(Errno) {
        try put(attribute, UInt32(bitPattern: index))
    }

    /// Adds an address, network byte order.
    func put(_ attribute: some BinaryInteger, _ address: IPv4Address) throws(Errno) {
        try put(attribute, address.rawValue.bigEndian)
    }

    /// Adds a string and the zero that ends it.
    func put(_ attribute: some BinaryInteger, _ text: String) throws(Errno) {
        try fits(unsafe nla_put_string(message, Int32(attribute), text))
    }

    /// Adds a number of four octets, network byte order, as netfilter wants them.
    func put(_ attribute: some BinaryInteger, network value: UInt32) throws(Errno) {
        try put(attribute, value.bigEndian)
    }

    /// Adds an attribute of octets.
    func put(_ attribute: some BinaryInteger, _ octets: [UInt8]) throws(Errno) {
        try fits(unsafe nla_put(message, Int32(attribute), Int32(octets.count), octets))
    }

    /// Adds an attribute that contains what `body` adds.
    func nest(_ attribute: some BinaryInteger, _ body: () throws(Errno) -> Void) throws(Errno) {
        guard let start = unsafe nla_nest_start(message, Int32(attribute)) else { throw Errno.messageTooLong }
        try body()
        try fits(unsafe nla_nest_end(message, start))
    }

    /// Hands the request to the kernel and returns the sequence number that its replies will carry.
    func send(on socket: OpaquePointer) throws(Errno) -> UInt32 {
        guard unsafe nl_send_auto(socket, message) >= 0 else { throw Errno.current }
        // SAFETY: the header is part of the message, which lives as long as this value.
        return unsafe nlmsg_hdr(message).pointee.nlmsg_seq
    }

    /// The message as it is sent, under this number, padded to a multiple of four octets.
    func octets(sequence: UInt32) -> [UInt8] {
        // SAFETY: the header is part of the message, which lives as long as this value, and nlmsg_len octets of it are there.
        let header = unsafe nlmsg_hdr(message)
        guard let header = unsafe header else { return [] }
        unsafe header.pointee.nlmsg_seq = sequence
        unsafe header.pointee.nlmsg_flags |= UInt16(NLM_F_REQUEST)
        let length = unsafe Int(header.pointee.nlmsg_len)
        let octets = unsafe [UInt8](UnsafeRawBufferPointer(start: header, count: length))
        return octets + [UInt8](repeating: 0, count: -length & 3)
    }

    private func fits(_ result: Int32) throws(Errno) {
        guard result >= 0 else { throw Errno.messageTooLong }
    }
}
