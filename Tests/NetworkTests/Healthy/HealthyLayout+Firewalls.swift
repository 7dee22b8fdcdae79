// SPDX-License-Identifier: Apache-2.0

/// Rules of other programs that let the tunnel work.
extension HealthyLayout {
    static let firewalls: [HealthyLayout] = [
        HealthyLayout(
            "Docker's rules, FORWARD policy drop, on a host that the tunnel ends at", "moby/moby#28257, moby/moby#49518"
        ) {
            try $0.across {
                try $0.setSysctl("ip_forward", 1)
                try $0.shell(
                    """
                    nft -f - <<'E'
                    table ip filter {
                      chain DOCKER-USER { return; }
                      chain DOCKER { iifname != "docker0" oifname "docker0" drop; }
                      chain FORWARD {
                        type filter hook forward priority filter; policy drop;
                        jump DOCKER-USER; oifname "docker0" ct state established,related accept; jump DOCKER
                        iifname "docker0" oifname != "docker0" accept
                      }
                    }
                    table ip nat {
                      chain DOCKER { iifname "docker0" return; }
                      chain PREROUTING { type nat hook prerouting priority dstnat; fib daddr type local jump DOCKER; }
                      chain POSTROUTING {
                        type nat hook postrouting priority srcnat;
                        ip saddr 172.17.0.0/16 oifname != "docker0" masquerade
                      }
                    }
                    E
                    """)
            }
        },
        HealthyLayout(
            "ufw's default deny with protocol 4 in before.rules",
            "manpages.ubuntu.com ufw-framework(8), \"Port redirections\" and before.rules"
        ) {
            try $0.behind { peer in
                """
                table ip filter {
                  chain INPUT {
                    type filter hook input priority filter; policy drop
                    iifname "lo" accept; iifname "iptun*" accept
                    ct state related,established accept; ct state invalid drop
                    ip protocol icmp icmp type echo-request accept
                    ip protocol udp udp sport 67 udp dport 68 accept
                    ip protocol 4 ip saddr \(peer) accept
                    fib daddr type local return
                    tcp dport 22 accept
                  }
                }
                """
            }
        },
        HealthyLayout("firewalld's zones with protocol 4 in the public one", "firewalld/firewalld#30") {
            try $0.behind { _ in
                """
                table inet firewalld {
                  chain filter_INPUT {
                    type filter hook input priority filter + 10; policy accept;
                    ct state { established, related } accept
                    ct status dnat accept
                    iifname "lo" accept
                    ct state invalid drop
                    jump filter_INPUT_ZONES
                    reject with icmpx admin-prohibited
                  }
                  chain filter_INPUT_ZONES {
                    iifname "iptun0" goto filter_IN_trusted; iifname "eth0" goto filter_IN_public; goto filter_IN_public
                  }
                  chain filter_IN_trusted { accept; }
                  chain filter_IN_public { jump filter_IN_public_allow; meta l4proto { icmp, ipv6-icmp } accept; reject; }
                  chain filter_IN_public_allow { tcp dport 22 accept; meta l4proto 4 accept; }
                }
                """
            }
        },
        HealthyLayout("libvirt's network with its NAT", "fedoraproject.org Changes/LibvirtVirtualNetworkNFTables") {
            try $0.across {
                try $0.shell(
                    """
                    ip link add virbr0 type bridge; ip address add 192.168.122.1/24 dev virbr0; ip link set virbr0 up
                    echo 1 > /proc/sys/net/ipv4/ip_forward
                    nft -f - <<'E'
                    table ip libvirt_network {
                      chain forward { type filter hook forward priority filter; jump guest_input; jump guest_output; }
                      chain guest_output { ip saddr 192.168.122.0/24 iif "virbr0" accept; iif "virbr0" reject; }
                      chain guest_input { oif "virbr0" ct state established,related accept; oif "virbr0" reject; }
                      chain guest_nat {
                        type nat hook postrouting priority srcnat;
                        ip saddr 192.168.122.0/24 ip daddr 224.0.0.0/24 return
                        ip saddr 192.168.122.0/24 ip daddr != 192.168.122.0/24 masquerade
                      }
                    }
                    E
                    """)
            }
        },
        HealthyLayout("Calico's chains, which accept protocol 4 of nodes alone", "projectcalico/calico#1357") {
            try $0.behind { peer in
                """
                table ip cali {
                  set all-hosts { type ipv4_addr; elements = { \(peer) }; }
                  chain INPUT { type filter hook input priority filter; jump cali-INPUT; }
                  chain cali-INPUT {
                    meta l4proto 4 ip saddr @all-hosts fib daddr type local accept
                    meta l4proto 4 drop
                    meta mark & 0x10000 == 0x10000 accept
                  }
                }
                """
            }
        },
        HealthyLayout(
            "protocol 4 that conntrack does not track, and untracked packets that are accepted",
            "nftables wiki, Setting packet connection tracking metainformation"
        ) {
            try $0.behind { _ in
                """
                table ip raw {
                  chain pre { type filter hook prerouting priority raw; ip protocol 4 notrack; }
                  chain out { type filter hook output priority raw; ip protocol 4 notrack; }
                }
                table inet filter {
                  chain input {
                    type filter hook input priority filter; policy drop
                    iifname "lo" accept; iifname "iptun*" accept; ct state established,related accept
                    ct state untracked ip protocol 4 accept; ip protocol icmp accept
                  }
                }
                """
            }
        },
        HealthyLayout("a limit for each source, far above the rate of the tunnel", "nftables wiki, Meters") {
            try $0.behind { _ in
                """
                table ip filter {
                  set flood { type ipv4_addr; size 1024; flags dynamic; }
                  chain input {
                    type filter hook input priority filter
                    ip protocol 4 update @flood { ip saddr limit rate over 5000/second burst 10000 packets } drop
                  }
                }
                """
            }
        },
        HealthyLayout("masquerading of all that leaves the uplink", "dye-tech/GateKey#143") {
            try $0.behind { _ in
                "table ip nat { chain post { type nat hook postrouting priority srcnat; oifname eth0 masquerade; }; }"
            }
        },
        HealthyLayout(
            "a firewall that lets only answers in, at both ends that both send",
            "michael.kjorling.se Linux KVM host with nftables"
        ) { lab in
            let ends = try lab.behind { _ in
                """
                table inet filter {
                  chain input {
                    type filter hook input priority filter; policy drop
                    iifname "lo" accept; iifname "iptun*" accept; ip protocol icmp accept
                    ct state vmap { established : accept, related : accept, invalid : drop }
                  }
                }
                """
            }
            for (host, other) in [(try lab.other(ends), "10.9.0.1"), (ends.a.host, "10.9.0.2")] {
                _ = try host.start(["ping", "-n", "-i", "0.2", other])
            }
            return ends
        },
    ]
}
