// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux

/// A name that is ours as long as this value lives: its lock, and the device that bears it.
struct Claim: ~Copyable {
    let device: TUNDevice
    let directory: RuntimeDirectory
    let lock: LockFile
    /// What a tunnel of this name left, because it was killed together with its keeper: this one goes on from there.
    let left: TunnelState?

    /// How long the lock of a tunnel that is just ending is waited for, milliseconds.
    private static let patience: UInt64 = 5_000

    /// Claims the device that `settings` name, or else the first `iptunN` that is free. Requires `CAP_NET_ADMIN`.
    ///
    static func take(
        _ settings: TunnelSettings, _ options: Daemon.Options, in place: borrowing DevicePlace
    ) throws(Complaint) -> Claim {
        if let name = settings.device?.text {
            return try take(name, settings, options, patience: patience, in: place)
        }
        // A tunnel without a name does not mean one whose kill switch stands.
        let standing = options.name == nil ? Set(RunningTunnels.withKillSwitchAlone()) : []
        for number in 0..<1_000 {
            let candidate = "iptun\(number)"
            let link = try? place.netlink.link(named: candidate)
            if link != nil || standing.contains(candidate) { continue }
            do throws(Complaint) {
                return try take(candidate, settings, options, patience: 0, in: place)
            } catch {
                // Somebody was faster: that name is taken, the next may not be.
                let mayChooseDirectory = options.directory == nil && RuntimeDirectory.fromEnvironment == nil
                if error.why == Claim.busy || error.why == Claim.busyOrThere
                    || mayChooseDirectory && options.name == nil && error.why == Claim.taken
                {
                    continue
                }
                throw error
            }
        }
        throw Complaint("no device", why: "iptun0 to iptun999 are all taken", whatNow: "name one with --device")
    }

    private static func take(
        _ name: String, _ settings: TunnelSettings, _ options: Daemon.Options, patience: UInt64,
        in place: borrowing DevicePlace
    ) throws(Complaint) -> Claim {
        let namespace = try explaining("cannot tell the network namespace", whatNow: "is /proc mounted?") {
            () throws(Errno) in try NetworkNamespace.current()
        }
        var directory = RuntimeDirectory(
            name: options.name ?? name, namespace: namespace,
            override: options.directory ?? RuntimeDirectory.fromEnvironment)
        let lock = try takeLock(of: &directory, patience: patience)
        let left = try left(in: directory, place)
        let queues = settings.workers.count == 1 ? TUNDevice.Queues.one : .several
        let offload: TUNDevice.Offload = settings.offload == .off ? .off : .auto
        do throws(Errno) {
            let device = try place.inside { () throws(Errno) in
                try TUNDevice(name: name, capacity: Datapath.batchCapacity, queues: queues, offload: offload)
            }
            return Claim(device: device, directory: directory, lock: lock, left: left)
        } catch {
            if !Files.exists(directory.state) { directory.remove() }
            let here = TunnelRegistry.Place(directory: directory, namespace: place.identity)
            if error == .busy, let owner = TunnelRegistry.read(besides: here, place.netlink).owner(of: name) {
                throw Complaint(
                    "device \(name)", why: "is tunnel \(owner)'s already",
                    whatNow: "end that one, or choose another Device (--device)")
            }
            throw queues == .one ? complaint(about: name, error) : complaintAboutQueues(of: name, error)
        }
    }

    /// What is on the list that is in `directory`, as far as it can still be there and its author is believed.
    private static func left(
        in directory: RuntimeDirectory, _ place: borrowing DevicePlace
    ) throws(Complaint) -> TunnelState? {
        guard let testimony = try Testimony.read(directory.state) else { return nil }
        guard testimony.state.boot == TunnelState.currentBoot, testimony.state.namespace == place.identity else {
            Files.remove(directory.state)
            return nil
        }
        return testimony.believed(besides: directory, place.netlink)
    }

    private static func takeLock(
        of directory: inout RuntimeDirectory, patience: UInt64, attempts: Int = 5
    ) throws(Complaint) -> LockFile {
        try directory.create()
        do throws(Errno) {
            let lock = try LockFile(directory.lock, timeoutMilliseconds: patience)
            directory.takeOver()
            return lock
        } catch .noSuchFile where attempts > 1 {
            // A keeper removed the directory just now.
            return try takeLock(of: &directory, patience: patience, attempts: attempts - 1)
        } catch .wouldBlock {
            throw Complaint(
                "tunnel \(directory.name)", why: Claim.taken,
                whatNow: "'iptund show \(directory.name)' shows it; end it first, or choose another --device")
        } catch {
            throw Complaint("cannot lock \(directory.lock)", error, whatNow: "give another --runtime-directory")
        }
    }

    private static let taken = "is up already"
    private static let busy = "is in use by another program"
    private static let busyOrThere = "exists already, and several workers need one that is new"

    /// Why a device of several queues could not be had.
    static func complaintAboutQueues(of name: String, _ error: Errno) -> Complaint {
        guard [.busy, .invalidArgument, .exists].contains(error) else { return complaint(about: name, error) }
        return Complaint(
            "device \(name)", why: Claim.busyOrThere, whatNow: "choose another --device, or leave --workers out")
    }

    /// Why the device could not be had.
    static func complaint(about name: String, _ error: Errno) -> Complaint {
        switch error {
        case .busy:
            Complaint("device \(name)", why: busy, whatNow: "choose another --device")
        case .invalidArgument, .exists:
            Complaint(
                "device \(name)", why: "exists and is no TUN device of one queue, which could be attached to",
                whatNow: "choose another --device; 'ip -d link show \(name)' says what it is")
        case .notPermitted, .permissionDenied:
            Complaint("cannot create device \(name)", error, whatNow: Prerequisites.remedy)
        default:
            Complaint("cannot create device \(name)", error, whatNow: "'dmesg' may say more")
        }
    }
}
