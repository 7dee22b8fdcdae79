// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import Linux
import Testing

@Suite struct SealedMemoryTests {
    @Test(arguments: [0, 1, 4096, 1_000_000]) func `what is sealed is read back, as often as wanted`(count: Int) throws
    {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let memory = try SealedMemory.make(bytes)
        for _ in 1...2 { #expect(try SealedMemory.read(memory, limit: count) == bytes) }
        #expect(fcntl(memory.rawValue, F_GETFD) == FD_CLOEXEC)
    }

    @Test func `nobody can change it any more`() throws {
        let memory = try SealedMemory.make([1, 2, 3])
        #expect(unsafe pwrite(memory.rawValue, [9], 1, 0) < 0)
        #expect(errno == EPERM)
        #expect(ftruncate(memory.rawValue, 1) < 0)
        #expect(ftruncate(memory.rawValue, 100) < 0)
        #expect(clinux_add_seals(memory.rawValue, F_SEAL_WRITE) == -EPERM)
        #expect(try SealedMemory.read(memory, limit: 3) == [1, 2, 3])
    }

    @Test func `one octet too many throws EFBIG`() throws {
        let memory = try SealedMemory.make([1, 2, 3])
        #expect(thrown { () throws(Errno) in _ = try SealedMemory.read(memory, limit: 2) } == .fileTooLarge)
    }

    @Test(arguments: [
        0, F_SEAL_WRITE, F_SEAL_WRITE | F_SEAL_SHRINK, F_SEAL_WRITE | F_SEAL_GROW, F_SEAL_SHRINK | F_SEAL_GROW,
        F_SEAL_SEAL,
    ])
    func `what somebody can still change throws EPERM`(seals: Int32) throws {
        let memory = Descriptor(owning: try checked(unsafe clinux_memory("test")))
        try checked(clinux_add_seals(memory.rawValue, seals))
        #expect(thrown { () throws(Errno) in _ = try SealedMemory.read(memory, limit: 10) } == .notPermitted)
    }

    @Test(arguments: ["/dev/null", "/dev/zero", "/etc/passwd", "/proc/self/status", "/tmp"])
    func `any other file throws EPERM`(path: String) throws {
        let file = try Descriptor.open(path, O_RDONLY)
        #expect(thrown { () throws(Errno) in _ = try SealedMemory.read(file, limit: 1 << 20) } == .notPermitted)
    }
}
