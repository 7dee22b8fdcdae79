// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import Linux
import Testing

@Suite struct DescriptorTests {
    /// The numbers of a pipe whose reading end does not wait.
    private func pipe() throws(Errno) -> (reading: Int32, writing: Int32) {
        var ends: [Int32] = [0, 0]
        try checked(unsafe clinux_pipe(&ends))
        try posix(fcntl(ends[0], F_SETFL, O_NONBLOCK))
        return (ends[0], ends[1])
    }

    /// Whether nobody can write into the pipe any more.
    private func isAtEnd(_ reading: borrowing Descriptor) -> Bool {
        var octet: UInt8 = 0
        return unsafe read(reading.rawValue, &octet, 1) == 0
    }

    @Test func `a descriptor is closed when its owner goes away`() throws {
        let ends = try pipe()
        let reading = Descriptor(owning: ends.reading)
        let writing = Descriptor(owning: ends.writing)
        #expect(isAtEnd(reading) == false)
        _ = consume writing
        #expect(eventually { isAtEnd(reading) })
    }

    @Test func `a duplicate keeps the file open until the last owner goes away`() throws {
        let ends = try pipe()
        let reading = Descriptor(owning: ends.reading)
        let first = Descriptor(owning: ends.writing)
        let second = try first.duplicate()
        #expect(second.rawValue != first.rawValue)
        _ = consume first
        #expect(isAtEnd(reading) == false)
        _ = consume second
        #expect(eventually { isAtEnd(reading) })
    }

    @Test func `a descriptor that was released stays open`() throws {
        let ends = try pipe()
        let reading = Descriptor(owning: ends.reading)
        let number = Descriptor(owning: ends.writing).release()
        #expect(isAtEnd(reading) == false)
        #expect(close(number) == 0)
        #expect(eventually { isAtEnd(reading) })
    }

    @Test func `opened and duplicated descriptors are closed on exec`() throws {
        let opened = try Descriptor.open("/dev/null", O_RDONLY)
        let duplicate = try opened.duplicate()
        #expect(fcntl(opened.rawValue, F_GETFD) == FD_CLOEXEC)
        #expect(fcntl(duplicate.rawValue, F_GETFD) == FD_CLOEXEC)
    }

    @Test func `what cannot be opened or duplicated throws why`() {
        #expect(thrown { () throws(Errno) in _ = try Descriptor.open("/absent", O_RDONLY) } == .noSuchFile)
        #expect(thrown { () throws(Errno) in _ = try Descriptor(owning: -1).duplicate() } == .badDescriptor)
    }
}
