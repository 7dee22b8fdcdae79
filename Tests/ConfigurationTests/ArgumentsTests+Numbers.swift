// SPDX-License-Identifier: Apache-2.0

import Testing
import Tunnel
import Wire
@testable import Configuration

/// Numbers and lists.
extension ArgumentsTests {
    @Test(arguments: [68, 1280, 1480, 65_515]) func `an MTU is a number from 68 to 65515`(mtu: Int) throws {
        #expect(try Arguments.mtu("\(mtu)") == mtu)
    }

    @Test(arguments: ["", "67", "65516", "-1480", "1480.0", "0x600", "auto", " 1480", "99999999999999999999"])
    func `anything else is no MTU`(text: String) {
        let expected = Complaint.usage(
            "--mtu '\(text)'", why: "not a number from 68 to 65515",
            whatNow: "leave it out to take the underlay's MTU - 20")
        #expect(complaint(text, Arguments.mtu) == expected)
    }

    @Test func `workers are 1 to 16, or as many as fit this host`() throws {
        for count in 1...16 { #expect(try Arguments.workers("\(count)") == .fixed(count)) }
        #expect(try Arguments.workers("auto") == .automatic)
    }

    @Test(arguments: [(0, 1), (1, 1), (4, 1), (7, 1), (8, 2), (64, 16), (1_000, 16)])
    func `as many as fit is one for every four processors`(processors: Int, count: Int) {
        #expect(WorkerCount.automatic.count(processors: processors) == count)
        #expect(WorkerCount.fixed(3).count(processors: processors) == 3)
    }

    @Test(arguments: ["", "0", "17", "-1", "+2", "1.5", "Auto", " 2", "99999999999999999999"])
    func `anything else is no number of workers`(text: String) {
        let expected = Complaint.usage(
            "--workers '\(text)'", why: "neither 1 to 16 nor 'auto'",
            whatNow: "leave it out for one; more help only where a single one cannot keep up")
        #expect(complaint(text, Arguments.workers) == expected)
    }

    @Test func `every TTL but 0 is one`() throws {
        for number in 1...255 as ClosedRange<UInt8> {
            #expect(try Arguments.ttl("\(number)") == .fixed(try #require(TTL(rawValue: number))))
        }
        #expect(try Arguments.ttl("inherit") == .inherit)
    }

    @Test(arguments: ["", "0", "256", "-1", "Inherit", "64 "]) func `anything else is no TTL`(text: String) {
        let expected = Complaint.usage(
            "--ttl '\(text)'", why: "neither 1 to 255 nor 'inherit'", whatNow: "the default is 64")
        #expect(complaint(text, Arguments.ttl) == expected)
    }

    @Test(arguments: [
        [], ["10.1.0.0/16,10.2.0.0/16"], ["10.1.0.0/16", "10.2.0.0/16"], ["10.1.0.0/16, 10.2.0.0/16", "10.3.0.0/16"],
    ])
    func `values come by comma, by repetition, or both`(texts: [String]) throws {
        let all = ["10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16"].compactMap { Prefix($0) }
        let count = texts.joined(separator: ",").split(separator: ",").count
        #expect(try Arguments.list(texts, Arguments.allowed) == Array(all.prefix(count)))
    }

    @Test(arguments: ["", ",", "10.1.0.0/16,", ",10.1.0.0/16", "10.1.0.0/16,,10.2.0.0/16"])
    func `an empty value between commas is refused`(text: String) {
        #expect(
            complaint(text) { text throws(Complaint) in try Arguments.list([text], Arguments.allowed) }?.exitCode == 2)
    }

    @Test func `the same value twice is refused, however it is written`() {
        let complaint = complaint("10.1.0.1/32") { text throws(Complaint) in
            try Arguments.list(["10.1.0.1", text], Arguments.allowed)
        }
        #expect(complaint == .usage("'10.1.0.1/32'", why: "given twice", whatNow: "give it once"))
    }

    @Test func `spaces around a comma do not matter`() {
        let complaint = complaint("10.1.0.0/16 , 10.2.0.0/16") { text throws(Complaint) in
            try Arguments.list([text], Arguments.allowed)
        }
        #expect(complaint == nil)
    }

    @Test func `a number has no sign`() {
        #expect(complaint("+1480", Arguments.mtu) != nil)
        #expect(complaint("+64", Arguments.ttl) != nil)
    }
}
