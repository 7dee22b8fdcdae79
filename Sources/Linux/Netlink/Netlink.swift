// SPDX-License-Identifier: Apache-2.0

internal import CNetlink
internal import Glibc

/// A conversation with the kernel about links, addresses and routes (rtnetlink(7)), or about IPsec.
///
/// Every verb sends one request and waits for the answer, so a session belongs to one thread at a time. After a fork
/// the child may go on with the inherited session, because the port was bound when the session began; parent and child
/// must not use it at the same time. Reading needs no privilege; changing anything requires `CAP_NET_ADMIN`.
/// - Throws: every verb throws the kernel's own errno: `EPERM` without the capability, `ENODEV` for an unknown link.
@safe package struct Netlink: ~Copyable {
    private let socket: OpaquePointer

    /// What is talked about.
    package enum Subject: Int32 {
        /// Links, addresses, neighbours, routes and rules (`NETLINK_ROUTE`).
        case routes = 0
        /// IPsec: policies (`NETLINK_XFRM`).
        case security = 6
    }

    /// Opens a session in the network namespace of the calling thread, closed on exec.
    ///
    /// The corresponding C call is `socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)`.
    /// - Throws: `EPROTONOSUPPORT` where the kernel has nothing to say about the subject.
    package init(about subject: Subject = .routes) throws(Errno) {
        guard let socket = unsafe nl_socket_alloc() else { throw Errno(rawValue: ENOMEM) }
        guard unsafe nl_connect(socket, subject.rawValue) == 0 else {
            let error = Errno.current
            unsafe nl_socket_free(socket)
            throw error
        }
        unsafe self.socket = unsafe socket
        // The kernel packs a dump into datagrams as large as the reader's buffer, up to 32 KiB.
        unsafe nl_socket_set_msg_buf_size(socket, 32768)
        // Lets the kernel filter a dump by link and table. One that cannot sends everything, and we filter anyway.
        var isStrict: Int32 = 1
        _ = unsafe setsockopt(fileDescriptor, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &isStrict, socklen_t(4))
    }

    deinit { unsafe nl_socket_free(socket) }

    /// The number of the session's socket: what a forked child must keep open to go on with it.
    package var fileDescriptor: Int32 { unsafe nl_socket_get_fd(socket) }
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
}
