// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import Linux
import Testing

@Suite struct NetworkNamespaceTests {
    @Test func `the number is that of the file in proc`() throws {
        let ending = try ChildProcess.run(["stat", "-L", "-c", "%i", "/proc/self/ns/net"])
        #expect(ending.text == "\(try NetworkNamespace.current().inode)\n")
    }

    @Test func `asking twice gives the same answer`() throws {
        #expect(try NetworkNamespace.current() == NetworkNamespace.current())
    }

    @Test(.needsRoot) func `one that was made later is not the first`() throws {
        let isFirst = try inFreshNetwork { try NetworkNamespace.current().isFirst }
        #expect(!isFirst)
    }
}

/// Other namespaces, visited by a thread.
extension NetworkNamespaceTests {
    /// The namespace of this process, as something to go to from elsewhere.
    private static let own = "/proc/self/ns/net"

    @Test(.needsRoot) func `a device and a session that are made inside stay there, and the thread comes back`() throws
    {
        let (inodes, device, outside, session, place) = try inFreshNetwork {
            let place = try Descriptor.open("/proc/thread-self/ns/net", O_RDONLY)
            try checked(clinux_unshare_network())
            let before = try NetworkNamespace.current().inode
            let device = try NetworkNamespace.inside(place) { () throws(Errno) in try TUNDevice(name: "inside") }
            let netlink = try NetworkNamespace.inside(place) { () throws(Errno) in try Netlink() }
            let inode = try NetworkNamespace.inside(place) { () throws(Errno) in try NetworkNamespace.current().inode }
            return (
                [before, try NetworkNamespace.current().inode, inode], device.name,
                try Netlink().link(named: "inside") == nil, try netlink.link(named: "inside") != nil,
                try NetworkNamespace.inode(of: place)
            )
        }
        #expect(inodes[0] == inodes[1])
        #expect(inodes[2] != inodes[0])
        #expect(inodes[2] == place)
        #expect(device == "inside")
        #expect(outside)
        #expect(session)
    }

    @Test(.needsRoot) func `the thread comes back although the body failed`() throws {
        let (error, before, after) = try inFreshNetwork {
            let place = try Descriptor.open(Self.own, O_RDONLY)
            let before = try NetworkNamespace.current()
            let error = thrown { () throws(Errno) in
                try NetworkNamespace.inside(place) { () throws(Errno) in throw .hostDown }
            }
            return (error, before, try NetworkNamespace.current())
        }
        #expect(error == .hostDown)
        #expect(before == after)
    }

    @Test(.needsRoot) func `what is no network namespace is refused, and the body does not run`() throws {
        for path in ["/dev/null", "/proc/self/ns/mnt"] {
            let place = try Descriptor.open(path, O_RDONLY)
            var hasRun = false
            let error = thrown { () throws(Errno) in
                try NetworkNamespace.inside(place) { () throws(Errno) in hasRun = true }
            }
            #expect(error == .invalidArgument)
            #expect(!hasRun)
        }
    }

    @Test(.needsRoot) func `a namespace has the name that ip gave it`() throws {
        let name = "iptund-unit-\(getpid())"
        try shell("ip netns add \(name)")
        defer { _ = try? shell("ip netns delete \(name)") }
        let place = try NetworkNamespace.open(named: name)
        #expect(try NetworkNamespace.inode(of: place) == Files.inode("/run/netns/\(name)"))
        #expect(try NetworkNamespace.inode(of: place) != NetworkNamespace.current().inode)
    }

    @Test func `a name that leads elsewhere, or nowhere, is refused`() {
        func error(_ name: String) -> Errno? {
            thrown { () throws(Errno) in _ = try NetworkNamespace.open(named: name) }
        }
        for name in ["", ".", "..", "../../proc/self/ns/net", "a/b", "/proc/self/ns/net"] {
            #expect(error(name) == .invalidArgument, "\(name)")
        }
        #expect(error("iptund-absent") == .noSuchFile)
    }
}

@Suite struct NamespaceIdentityTests {
    @Test(.needsRoot) func `no two namespaces have the same identity, not even one after the other`() throws {
        var seen: Set<UInt64> = [try NetworkNamespace.identity()]
        for _ in 1...20 {
            // Each ends before the next one begins, and often leaves its inode to it.
            let identity = try inFreshNetwork { try NetworkNamespace.identity() }
            #expect(seen.insert(identity).inserted)
        }
    }

    @Test func `a namespace keeps its identity`() throws {
        #expect(try NetworkNamespace.identity() == NetworkNamespace.identity())
    }
}
