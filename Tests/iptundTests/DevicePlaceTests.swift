// SPDX-License-Identifier: Apache-2.0

import Configuration
import Glibc
import Linux
import Testing
@testable import iptund

@Suite struct DevicePlaceTests {
    @Test func `without a name it is where we are`() throws {
        let place = try DevicePlace.find(nil)
        #expect(place.name == nil)
        #expect(place.identity == (try NetworkNamespace.identity()))
        #expect(try place.inside { () throws(Errno) in try NetworkNamespace.identity() } == place.identity)
    }

    @Test(.needsRoot) func `a namespace by name is visited, and left again`() throws {
        let name = "iptund-unit-\(getpid())"
        try shell("ip netns add \(name); ip -n \(name) link add place type veth peer name other")
        defer { _ = try? shell("ip netns delete \(name)") }
        let here = try NetworkNamespace.identity()
        let place = try DevicePlace.find(name)
        let there = try place.inside { () throws(Errno) in try NetworkNamespace.identity() }
        let other = try place.openNetlink()
        #expect(place.name == name)
        #expect(place.identity == there)
        #expect(there != here)
        #expect(try place.netlink.link(named: "place") != nil)
        #expect(try other.link(named: "place") != nil)
        #expect(try Netlink().link(named: "place") == nil)
        #expect(try NetworkNamespace.identity() == here)
    }

    @Test func `a namespace that is not there is complained about`() {
        let expected = Complaint(
            "network namespace 'iptund-absent'", why: "there is none",
            whatNow: "'ip netns add iptund-absent', or see 'ip netns'")
        #expect(throws: expected) { _ = try DevicePlace.find("iptund-absent") }
    }

    @Test(arguments: ["", "..", "a/b"]) func `what can be no name of one is refused`(name: String) {
        let error = #expect(throws: Complaint.self) { _ = try DevicePlace.find(name) }
        #expect(error?.what == "cannot enter network namespace '\(name)'")
    }
}
