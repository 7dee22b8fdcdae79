// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing
import Wire

@Suite struct SocketOwnerTests {
    @Test func `our own socket is found by its inode, and what is nobody's is not`() throws {
        let socket = Descriptor(owning: Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0))
        let path = "/proc/self/fd/\(socket.rawValue)"
        let target = try #require(Files.linkTarget(path))
        let inode = try #require(UInt64(target.filter(\.isNumber)))
        let owners = SocketOwner.find([inode, .max])
        #expect(owners.keys.sorted() == [inode])
        #expect(owners[inode]?.process == getpid())
        #expect(owners[inode]?.command.isEmpty == false)
    }

    @Test func `where nothing is asked, nothing is looked for`() {
        #expect(SocketOwner.find([]).isEmpty)
    }
}

@Suite struct KernelTunnelTests {
    @Test(.needsRoot) func `links of other kinds are no tunnels`() throws {
        let tunnels = try inFreshNetwork {
            try shell("ip link add veth1 type veth peer name veth2")
            return try Netlink().kernelTunnels()
        }
        // A new network namespace may have the fallback links of modules that are loaded.
        #expect(!tunnels.contains { !["ipip", "sit"].contains($0.kind) })
        #expect(!tunnels.contains { $0.isUp || $0.remote != .unspecified })
    }
}
