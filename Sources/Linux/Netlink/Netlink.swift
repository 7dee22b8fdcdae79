// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import CNetlink
internal import Glibc

/// A conversation with the kernel about links, addresses and routes (rtnetlink(7)), or about IPsec; and about packet filters
/// beside, if that is asked for.
///
/// Every verb sends one request and waits for the answer, so a session belongs to one thread at a time. After a fork
/// the child may go on with the inherited session, because the port was bound when the session began; parent and child
/// must not use it at the same time. Reading needs no privilege; changing anything requires `CAP_NET_ADMIN`.
/// - Throws: every verb throws the kernel's own errno: `EPERM` without the capability, `ENODEV` for an unknown link.
@safe package struct Netlink: ~Copyable {
    private let socket: OpaquePointer
    /// Where packet filters are talked about; `nil` where they were not asked for, or the kernel has none.
    private let filterSocket: OpaquePointer?

    /// What is talked about.
    package enum Subject: Int32 {
        /// Links, addresses, neighbours, routes and rules (`NETLINK_ROUTE`).
        case routes = 0
        /// IPsec: policies (`NETLINK_XFRM`).
        case security = 6
        /// Packet filters and what else there is of netfilter (`NETLINK_NETFILTER`).
        case filters = 12
    }

    /// Opens a session in the network namespace of the calling thread, closed on exec.
    ///
    /// The corresponding C call is `socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)`.
    /// - Parameter hasFilters: whether it is about packet filters, too, where the kernel has any.
    /// - Throws: `EPROTONOSUPPORT` where the kernel has nothing to say about the subject.
    package init(about subject: Subject = .routes, hasFilters: Bool = false) throws(Errno) {
        let socket = try unsafe Netlink.connect(subject)
        unsafe self.socket = unsafe socket
        unsafe filterSocket = hasFilters ? unsafe (try? Netlink.connect(.filters)) : nil
        // The kernel packs a dump into datagrams as large as the reader's buffer, up to 32 KiB.
        unsafe nl_socket_set_msg_buf_size(socket, 32768)
        // Lets the kernel filter a dump by link and table. One that cannot sends everything, and we filter anyway.
        var isStrict: Int32 = 1
        _ = unsafe setsockopt(fileDescriptor, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &isStrict, socklen_t(4))
    }

    deinit {
        unsafe nl_socket_free(socket)
        if let filterSocket = unsafe filterSocket { unsafe nl_socket_free(filterSocket) }
    }

    private static func connect(_ subject: Subject) throws(Errno) -> OpaquePointer {
        guard let socket = unsafe nl_socket_alloc() else { throw Errno(rawValue: ENOMEM) }
        guard unsafe nl_connect(socket, subject.rawValue) == 0 else {
            let error = Errno.current
            unsafe nl_socket_free(socket)
            throw error
        }
        return unsafe socket
    }

    /// The number of the session's socket.
    var fileDescriptor: Int32 { unsafe nl_socket_get_fd(socket) }

    /// The numbers of the session's sockets: what a forked child must keep open to go on with it.
    package var fileDescriptors: [Int32] {
        guard let filterSocket = unsafe filterSocket else { return [fileDescriptor] }
        return [fileDescriptor, unsafe nl_socket_get_fd(filterSocket)]
    }
}

/// What the verbs are made of.
extension Netlink {
    /// Sends `request` and waits until the kernel says that it is done.
    func perform<Header>(_ request: borrowing Request<Header>) throws(Errno) {
        _ = try exchange(request) { (_: borrowing Reply<Header>) in }
    }

    /// Sends `request` and gathers what `parse` makes of the replies; it leaves out those that become `nil`.
    ///
    /// A dump that the kernel marks as inconsistent, because a table changed meanwhile, starts again.
    /// - Throws: `EINTR` when the table changes too fast to be read even so.
    func collect<Header, Value>(
        _ request: borrowing Request<Header>, _ parse: (borrowing Reply<Header>) -> Value?
    ) throws(Errno) -> [Value] {
        try collect(request, from: Header.self, parse)
    }

    /// The same where replies start with another fixed part than the request.
    func collect<Header, Answer, Value>(
        _ request: borrowing Request<Header>, from answer: Answer.Type, _ parse: (borrowing Reply<Answer>) -> Value?
    ) throws(Errno) -> [Value] {
        for _ in 1...Self.dumpAttempts {
            var values: [Value] = []
            let isConsistent = try exchange(request) { reply in
                if let value = parse(reply) { values.append(value) }
            }
            if isConsistent { return values }
        }
        throw Errno.interrupted
    }

    private static var dumpAttempts: Int { 10 }

    /// Sends `request` and shows each reply to `visit`; returns whether they all belong to one state of the table.
    ///
    /// A request is always acknowledged: by NLMSG_DONE after a dump, by NLMSG_ERROR otherwise. What an earlier exchange
    /// left behind when it threw carries another sequence number and is passed over.
    ///
    /// Never inlined: where swiftc 6.3.1 optimises it into a loop, it believes that `reply` leaks, and crashes.
    @inline(never)
    private func exchange<Header, Answer>(
        _ request: borrowing Request<Header>, _ visit: (borrowing Reply<Answer>) -> Void
    ) throws(Errno) -> Bool {
        // Headers of netfilter's subsystems are all of one kind, which no other subject has.
        let socket = Header.self == nfgenmsg.self ? try unsafe filters() : unsafe self.socket
        let sequence = try unsafe request.send(on: socket)
        var isConsistent = true
        var status: Int32?
        while status == nil {
            try unsafe Message.receive(on: socket) { message in
                guard message.sequence == sequence else { return }
                if message.isFromInterruptedDump { isConsistent = false }
                status = message.status
                if status == nil, let reply = Reply<Answer>(message) { visit(reply) }
            }
        }
        try checked(status ?? 0)
        return isConsistent
    }

    private func filters() throws(Errno) -> OpaquePointer {
        guard let filterSocket = unsafe filterSocket else { throw Errno.protocolNotSupported }
        return unsafe filterSocket
    }

    /// Sends the messages of a batch to the kernel, which carries out all of them at once or none.
    func commit(_ batch: borrowing FilterBatch) throws(Errno) {
        let socket = try unsafe filters()
        let (octets, sequences) = batch.finished { unsafe nl_socket_use_seq(socket) }
        let number = unsafe nl_socket_get_fd(socket)
        var size = Int32(clamping: octets.count + 4_096)
        _ = unsafe setsockopt(number, SOL_SOCKET, SO_SNDBUFFORCE, &size, socklen_t(4))
        let sent = unsafe octets.withUnsafeBytes { octets in
            // The kernel reads what is sent, and nothing writes to it.
            let base = unsafe UnsafeMutableRawPointer(mutating: octets.baseAddress)
            var piece = unsafe iovec(iov_base: base, iov_len: octets.count)
            return unsafe withUnsafeMutablePointer(to: &piece) { piece in
                var message = unsafe msghdr()
                unsafe message.msg_iov = unsafe piece
                unsafe message.msg_iovlen = 1
                return unsafe sendmsg(number, &message, 0)
            }
        }
        guard sent == octets.count else { throw Errno.current }
        // Errors come in the order of the messages, what is acknowledged after them: so the first word is the last one.
        var status: Int32?
        while status == nil {
            try unsafe Message.receive(on: socket) { message in
                if status == nil, sequences.contains(message.sequence) { status = message.status }
            }
        }
        try checked(status ?? 0)
    }
}
