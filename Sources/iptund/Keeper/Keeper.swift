// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux
internal import Wire

/// The daemon's end of its keeper: the child that looks after the host as long as the tunnel is up, and takes everything back
/// when the daemon is gone, however it went.
///
/// The daemon keeps no privilege, so it could not even delete a route. The keeper is forked before anything is changed; it
/// keeps `CAP_NET_ADMIN` and nothing else, and sees neither packets nor names.
struct Keeper: ~Copyable {
    private let process: Fork

    /// Forks the keeper. For a process with one thread.
    ///
    /// It shares the tunnel's lock, so that a new tunnel of this name waits until all is taken back.
    static func start(_ duty: consuming KeeperDuty, lock: borrowing LockFile) throws(Errno) -> Keeper {
        var duty = Optional(duty)
        let kept = (duty?.descriptors ?? []) + [lock.number]
        let process = try Fork.start(keeping: kept) { lifeline in
            guard let duty = duty.take() else { return }
            Keeper.confine(duty.reconciler.directory)
            Console.stopWaiting()
            var keeper = KeeperProcess(duty, lifeline)
            keeper.run()
        }
        return Keeper(process: process)
    }

    /// Says that the host is set up.
    func begin() { process.send(KeeperMessage.begin.octets) }

    /// The line between daemon and keeper, for the service.
    func line() throws(Errno) -> KeeperLine { KeeperLine(socket: try process.line()) }

    /// Lets the keeper take everything back, and waits until it is done. What is a kill switch stays unless the tunnel ends on
    /// purpose.
    consuming func finish(_ farewell: Fork.Farewell) {
        if farewell == .said { process.send(KeeperMessage.end.octets) }
        process.cut(.missing)
    }

    /// Gives up all privilege but one, all paths but those of its list and of settings, and all system calls that it does not
    /// need.
    private static func confine(_ directory: RuntimeDirectory) {
        do throws(Privileges.Failure) {
            // Tunnels of iptund's may share a change with this one: what they wrote down is for their group.
            _ = try Privileges.reduce(to: [.netAdmin], in: Testimony.service?.group)
        } catch {
            standardError("iptund: keeper: \(error)")
        }
        try? Memory.keepToItself()
        Confinement.confineChild(to: .keeper, files: files(directory))
    }

    /// What the keeper can reach: its tunnel's directory; locks beside it, and what other tunnels wrote down; the settings of
    /// IPv4 to read them, and the one that only a file has.
    static func files(_ directory: RuntimeDirectory) -> [Landlock.Exception] {
        [
            .changing(directory.path), .reading(directory.parent), .removingDirectories(directory.parent),
            .reading(RuntimeDirectory.base), .making(RuntimeDirectory.base), .removingDirectories("/run"),
            .reading("/proc/sys/net/ipv4"),
            .changing("/proc/sys/net/ipv4/\(CommonRedirects.path)"), .reading("/proc/sys/kernel/random/boot_id"),
        ]
    }
}

/// What the daemon hears of its keeper, and tells it.
struct KeeperLine: ~Copyable {
    let socket: Descriptor

    /// What there is to hear.
    enum Reply: Equatable {
        case news(KeeperNews)
        case noneYet
        /// The keeper is gone.
        case over
    }

    /// That something is to be heard.
    var interest: Poll.Interest { .reading(socket) }

    /// Takes one message.
    func hear() -> Reply {
        do throws(Errno) {
            guard let octets = try socket.receiveNow(limit: KeeperNews.limit) else { return .noneYet }
            guard !octets.isEmpty else { return .over }
            return KeeperNews(octets).map(Reply.news) ?? .noneYet
        } catch {
            return .over
        }
    }

    /// Tells where the peer at `slot` is. Returns whether it was told: a keeper that does not listen misses it.
    @discardableResult
    func tell(_ address: IPv4Address, slot: Int) -> Bool {
        guard let slot = UInt32(exactly: slot) else { return false }
        let octets = KeeperMessage.address(address, slot: slot).octets
        return (try? socket.send(octets[...])) == octets.count
    }
}
