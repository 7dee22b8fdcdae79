// SPDX-License-Identifier: Apache-2.0

import Configuration
import Linux
import Testing
@testable import iptund

@Suite(.needsRoot) struct ClaimTests {
    private static func settings(_ name: String?) -> TunnelSettings {
        var settings = TunnelSettings()
        settings.device = name.flatMap { DeviceName($0) }
        return settings
    }

    /// Claims `name` in `directory`: the device that came of it, or the complaint.
    private static func take(_ name: String?, _ directory: String) throws -> (device: String?, complaint: Complaint?) {
        let place = try DevicePlace.find(nil)
        do throws(Complaint) {
            let claim = try Claim.take(settings(name), Daemon.Options(directory: directory, echo: .silent), in: place)
            return (claim.device.name, nil)
        } catch {
            return (nil, error)
        }
    }

    @Test func `a claim is a device, a directory and a lock`() throws {
        try withTemporaryDirectory { base in
            let (device, directory, isThere, held) = try inFreshNetwork {
                let netlink = try Netlink()
                let place = try DevicePlace.find(nil)
                let claim = try Claim.take(
                    Self.settings("tunl-b"), Daemon.Options(directory: base + "/b", echo: .silent), in: place)
                let isThere = try netlink.link(named: "tunl-b") != nil
                let held = thrown { () throws(Errno) in _ = try LockFile(base + "/b/lock", timeoutMilliseconds: 0) }
                claim.directory.remove()
                return (claim.device.name, claim.directory, isThere, held)
            }
            #expect(device == "tunl-b")
            #expect(directory.path == base + "/b")
            #expect(directory.name == "tunl-b")
            #expect(isThere)
            #expect(held == .wouldBlock)
        }
    }

    @Test func `without a name the first free number is taken`() throws {
        try withTemporaryDirectory { base in
            let (device, _) = try inFreshNetwork {
                try shell(
                    "ip link add iptun0 type veth peer name iptun2; ip link add iptun1 type veth peer name iptun4")
                return try Self.take(nil, base)
            }
            #expect(device == "iptun3")
        }
    }

    @Test func `a directory that is named is waited for by one tunnel, not by a thousand names`() throws {
        try withTemporaryDirectory { base in
            let lock = try LockFile(base + "/lock", timeoutMilliseconds: 0)
            let (_, complaint) = try inFreshNetwork { try Self.take(nil, base) }
            #expect(complaint?.what == "tunnel iptun0")
            #expect(complaint?.why == "is up already")
            #expect(lock.number >= 0)
        }
    }

    @Test func `a name that is locked for longer than the patience is up already`() throws {
        try withTemporaryDirectory { base in
            let lock = try LockFile(base + "/lock", timeoutMilliseconds: 0)
            let (_, complaint) = try inFreshNetwork { try Self.take("tunl-b", base) }
            #expect(complaint?.what == "tunnel tunl-b")
            #expect(complaint?.why == "is up already")
            #expect(complaint?.exitCode == 1)
            #expect(lock.number >= 0)
        }
    }

    @Test func `a device of another program is refused, and nothing is left of the claim`() throws {
        try withTemporaryDirectory { base in
            let (_, complaint) = try inFreshNetwork {
                let device = try TUNDevice(name: "tunl-b")
                defer { _ = device.isPersistent }
                return try Self.take("tunl-b", base + "/b")
            }
            #expect(complaint?.description == "device tunl-b: is in use by another program; choose another --device")
            #expect(!Files.exists(base + "/b"))
        }
    }

    @Test func `an interface of another kind is refused, and nothing is left of the claim`() throws {
        try withTemporaryDirectory { base in
            let (_, complaint) = try inFreshNetwork {
                try shell("ip link add tunl-b type veth peer name right")
                return try Self.take("tunl-b", base + "/b")
            }
            #expect(complaint?.what == "device tunl-b")
            #expect(complaint?.why == "exists and is no TUN device of one queue, which could be attached to")
            #expect(!Files.exists(base + "/b"))
        }
    }
}
