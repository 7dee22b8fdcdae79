// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import Linux
import Testing

@Suite(.needsRoot) struct InterfaceSettingTests {
    @Test(arguments: InterfaceSetting.allCases, [0, 1] as [UInt32])
    func `a setting is the file of its name`(setting: InterfaceSetting, value: UInt32) throws {
        let file = "/proc/sys/net/ipv4/conf/left/\(setting.rawValue)"
        let (read, written, others) = try inFreshNetwork {
            try shell("ip link add left type veth peer name right; echo \(value) > \(file)")
            let netlink = try Netlink()
            let index = try #require(try netlink.link(named: "left")).index
            let before = try netlink.settings(link: index)
            try netlink.set(setting, to: 1 - value, link: index)
            let after = try netlink.settings(link: index)
            let others = InterfaceSetting.allCases.filter { $0 != setting }
            return (before[setting], try shell("cat \(file)"), others.hasOnly { before[$0] == after[$0] })
        }
        #expect(read == value)
        #expect(written == "\(1 - value)\n")
        #expect(others)
    }

    @Test func `settings belong to one link, and every one of them is told`() throws {
        let (left, right) = try inFreshNetwork {
            try shell("ip link add left type veth peer name right; echo 2 > /proc/sys/net/ipv4/conf/left/rp_filter")
            let netlink = try Netlink()
            let left = try #require(try netlink.link(named: "left")).index
            let right = try #require(try netlink.link(named: "right")).index
            try netlink.set(.reversePathFilter, to: 0, link: right)
            return (try netlink.settings(link: left), try netlink.settings(link: right))
        }
        #expect(left.count == InterfaceSetting.allCases.count)
        #expect(left[.reversePathFilter] == 2)
        #expect(right[.reversePathFilter] == 0)
    }

    @Test func `a link that is not there throws ENODEV, one without IPv4 has no settings`() throws {
        let (errors, settings) = try inFreshNetwork {
            try shell("ip link set lo mtu 60")
            let netlink = try Netlink()
            let errors = [
                thrown { () throws(Errno) in _ = try netlink.settings(link: 99) },
                thrown { () throws(Errno) in _ = try netlink.settings(link: 0) },
                thrown { () throws(Errno) in try netlink.set(.proxyARP, to: 1, link: 99) },
                thrown { () throws(Errno) in try netlink.set(.proxyARP, to: 1, link: 0) },
                thrown { () throws(Errno) in try netlink.set(.proxyARP, to: 1, link: 1) },
            ]
            return (errors, try netlink.settings(link: 1))
        }
        #expect(errors == [.noDevice, .noDevice, .noDevice, .noDevice, .familyNotSupported])
        #expect(settings.isEmpty)
    }
}
