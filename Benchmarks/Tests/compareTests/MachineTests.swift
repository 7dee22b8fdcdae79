// SPDX-License-Identifier: Apache-2.0

import Comparison
import Testing

@Suite struct MachineTests {
    @Test func `a machine does not differ from itself, and the distribution does not matter`() {
        #expect(machine().differences(from: machine(distribution: "Ubuntu")).isEmpty)
    }

    @Test(arguments: [
        (machine(processor: "Other CPU"), "processor Some CPU and Other CPU"),
        (machine(cores: 4), "cores 2 and 4"),
        (machine(memoryOctets: 8 << 30), "memory 24.0 GiB and 8.0 GiB"),
        (machine(kernelRelease: "6.6.1"), "kernel 6.1.0 and 6.6.1"),
        (machine(hypervisor: "none"), "hypervisor KVM and none"),
    ])
    func `each thing that makes other figures is named`(other: Machine, difference: String) {
        #expect(machine().differences(from: other) == [difference])
    }

    @Test func `what the kernel reserves at one start and not at another is no difference`() {
        #expect(machine().differences(from: machine(memoryOctets: 24 << 30 - 100 << 20)).isEmpty)
    }

    @Test func `values are found behind their names`() {
        let text = "processor\t: 0\nmodel name\t: Some  CPU\nmodel name\t: Second\nMemTotal:       24617312 kB\n"
        #expect(MachineText.value(of: "model name", in: text) == "Some CPU")
        #expect(MachineText.value(of: "MemTotal", in: text).flatMap(MachineText.octets) == 24_617_312 * 1024)
        #expect(MachineText.value(of: "model", in: text) == nil)
    }

    @Test func `the distribution's name loses its quotes`() {
        let text = "NAME=\"Debian\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n"
        #expect(MachineText.distribution(osRelease: text) == "Debian GNU/Linux 12 (bookworm)")
        #expect(MachineText.distribution(osRelease: "") == nil)
    }
}
