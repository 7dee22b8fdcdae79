// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

@Suite struct UserTests {
    @Test func `users are found by name`() {
        #expect(User(named: "root") == User(id: 0, group: 0))
        #expect(User(named: "iptund-absent-user") == nil)
        #expect(User(named: "") == nil)
    }

    @Test func `nobody is 65534 in both`() {
        #expect(User.nobody == User(id: 65_534, group: 65_534))
    }

    @Test func `the current user is the effective one`() {
        #expect(User.current == User(id: geteuid(), group: getegid()))
    }
}
