// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing
@testable import iptund

@Suite struct ControlAccessTests {
    private static let service = User(id: 990, group: 991)

    private static func right(
        _ access: ControlAccess, _ id: UInt32, _ group: UInt32 = 100, _ groups: [UInt32] = []
    ) -> ControlAccess.Right {
        access.right(of: PeerUser(id: id, group: group, process: 1)) { groups }
    }

    @Test func `root may give orders, members of the group may ask, and others nothing`() {
        let access = ControlAccess(owner: 0, group: 991, service: Self.service)
        #expect(Self.right(access, 0) == .order)
        #expect(Self.right(access, 1000, 991) == .ask)
        #expect(Self.right(access, 1000, 100, [4, 991]) == .ask)
        #expect(Self.right(access, 1000, 100, [4, 990]) == .nothing)
        #expect(Self.right(access, 1000) == .nothing)
        #expect(access.right(of: nil) { [991] } == .nothing)
    }

    @Test func `an ordinary user who started a tunnel may end it`() {
        let access = ControlAccess(owner: 1000, group: 1000, service: Self.service)
        #expect(Self.right(access, 1000) == .order)
        #expect(Self.right(access, 1001, 1000) == .ask)
        #expect(Self.right(access, 1001) == .nothing)
    }

    @Test(arguments: [990, 65_534] as [UInt32])
    func `whoever has taken over a data path may not give orders to another`(owner: UInt32) {
        let access = ControlAccess(owner: owner, group: owner + 1, service: Self.service)
        #expect(Self.right(access, owner, owner + 1) == .ask)
        #expect(Self.right(access, owner) == .ask)
        #expect(Self.right(access, 0) == .order)
    }

    @Test func `the group of nobody has no members`() {
        let access = ControlAccess(owner: 0, group: 65_534, service: nil)
        #expect(Self.right(access, 1000, 65_534, [65_534]) == .nothing)
        #expect(Self.right(access, 65_534, 65_534) == .nothing)
    }

    @Test func `groups are asked for only where they matter`() {
        let access = ControlAccess(owner: 1000, group: 991, service: Self.service)
        for user in [PeerUser(id: 0, group: 0, process: 1), PeerUser(id: 1000, group: 1, process: 1)] {
            _ = access.right(of: user) {
                Issue.record("asked")
                return []
            }
        }
    }
}
