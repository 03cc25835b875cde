// The API server of Kubernetes. Where ETCD_DIR names a folder, etcd runs in the same process, keeps
// its data there, and listens on sockets in the working folder: --etcd-servers=unix://etcd.sock:0
package main

import (
	"fmt"
	"net/url"
	"os"
	_ "time/tzdata"

	"go.etcd.io/etcd/server/v3/embed"
	"k8s.io/component-base/cli"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

func main() {
	if folder := os.Getenv("ETCD_DIR"); folder != "" {
		if err := startEtcd(folder); err != nil {
			fmt.Fprintln(os.Stderr, "etcd did not start:", err)
			os.Exit(1)
		}
	}
	os.Exit(cli.Run(app.NewAPIServerCommand()))
}

// startEtcd returns once it is ready. What it holds is a test's and need not outlive the machine, so
// that nothing waits for a disk.
func startEtcd(folder string) error {
	clients := []url.URL{{Scheme: "unix", Host: "etcd.sock:0"}}
	peers := []url.URL{{Scheme: "unix", Host: "peer.sock:0"}}
	config := embed.NewConfig()
	config.Dir = folder
	config.LogLevel = "error"
	config.UnsafeNoFsync = true
	config.ListenClientUrls, config.AdvertiseClientUrls = clients, clients
	config.ListenPeerUrls, config.AdvertisePeerUrls = peers, peers
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	server, err := embed.StartEtcd(config)
	if err != nil {
		return err
	}
	<-server.Server.ReadyNotify()
	return nil
}
