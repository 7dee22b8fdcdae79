// SPDX-License-Identifier: Apache-2.0

internal import Linux

/// Whoever started us and wants to know how it goes: systemd, by way of sd_notify(3). Nobody is fine too.
struct Supervisor: ~Copyable {
    private let socket: Descriptor?

    /// Connects to the socket that `NOTIFY_SOCKET` names, while we may still reach it.
    init() {
        if let path = Environment.value("NOTIFY_SOCKET") {
            socket = try? UnixSocket.connectDatagram(path)
        } else {
            socket = nil
        }
    }

    /// Everything stands; `status` is what `systemctl status` shows.
    ///
    /// It is said once, and whoever misses it starts the tunnel again: so it waits while others have filled the queue, as at
    /// boot. All else is said again, or can be missed.
    func ready(_ status: String) {
        Supervisor.waitForRoom(in: socket)
        send("READY=1\nSTATUS=\(status.printable)")
    }

    private static func waitForRoom(in socket: borrowing Descriptor?) {
        switch socket {
        case .some(let socket): try? Poll.waitForRoom(in: socket, milliseconds: 10_000)
        case .none: break
        }
    }

    /// How it stands now, for `systemctl status`.
    func status(_ status: String) { send("STATUS=\(status.printable)") }

    /// All is well, for a while.
    func alive() { send("WATCHDOG=1") }

    /// We are about to end, on purpose.
    func stopping() { send("STOPPING=1") }

    /// Whether there is anybody to tell.
    var isThere: Bool { socket != nil }

    private func send(_ message: String) {
        // Whoever does not listen misses it.
        _ = try? socket?.send(Array(message.utf8)[...])
    }
}
