// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing
import Wire

@Suite struct NetlinkTests {
    @Test func `the socket is closed on exec`() throws {
        let netlink = try Netlink()
        let flags = fcntl(try #require(netlink.fileDescriptors.first), F_GETFD)
        #expect(flags == FD_CLOEXEC)
    }

    @Test func `sessions do not disturb each other`() throws {
        let first = try Netlink()
        let second = try Netlink()
        let names = (try first.link(index: 1)?.name, try second.link(index: 1)?.name, try first.link(index: 1)?.name)
        #expect(names == ("lo", "lo", "lo"))
    }

    @Test(.needsRoot) func `a session goes on after an error`() throws {
        let (error, name, routes) = try inFreshNetwork {
            let netlink = try Netlink()
            let error = thrown { () throws(Errno) in try netlink.setMTU(1500, link: 99) }
            return (error, try netlink.link(index: 1)?.name, try netlink.routes(to: .all))
        }
        #expect(error == .noDevice)
        #expect(name == "lo")
        #expect(routes.isEmpty)
    }

    @Test func `a change without the capability throws EPERM`() async {
        await #expect(processExitsWith: .success) {
            if geteuid() == 0 { try posix(setuid(51_994)) }
            let netlink = try Netlink()
            let error = thrown { () throws(Errno) in try netlink.setMTU(1500, link: 1) }
            #expect(error == .notPermitted)
        }
    }
}
