// SPDX-License-Identifier: Apache-2.0

import Comparison

/// A subject with the values of one figure, a round for each.
func subject(_ name: String, _ figure: Figure, _ values: [Double]) -> SubjectResult {
    let rounds = values.enumerated().map { index, value in
        var round = RoundResult(round: index + 1)
        round[figure] = value
        return round
    }
    return SubjectResult(name: name, note: "a sample", version: "1", rounds: rounds)
}

func machine(
    processor: String = "Some CPU", cores: Int = 2, memoryOctets: Int = 24 << 30, kernelRelease: String = "6.1.0",
    distribution: String = "Debian", hypervisor: String = "KVM"
) -> Machine {
    Machine(
        processor: processor, cores: cores, memoryOctets: memoryOctets, kernelRelease: kernelRelease,
        distribution: distribution, hypervisor: hypervisor, congestionControl: "cubic")
}

func results(_ subjects: [SubjectResult], machine: Machine = machine(), seconds: Int = 4) -> Results {
    Results(
        date: "2026-01-02T03:04:05Z", machine: machine,
        settings: Settings(
            rounds: subjects.map(\.rounds.count).max() ?? 1, seconds: seconds, pings: 300, pacedMegabits: 100,
            tools: ["iperf3": "3.12"], offloads: [:]),
        subjects: subjects, missing: [Missing(name: "fastd", reason: "not installed; apt-get install fastd")])
}

func usage(others: Double = 0, stolen: Double = 0) -> Usage {
    Usage(elapsed: 2, processors: 2, busy: 3, tunnel: 1, own: 1.5, others: others, stolen: stolen)
}
