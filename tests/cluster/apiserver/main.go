// One program with etcd and kube-apiserver inside, for tests: `apiserver FOLDER [FLAG OF KUBE-APISERVER]...`.
//
// etcd keeps its data in FOLDER, so that a server started anew there has all that the one before it had. The program ends
// soon after its parent, however that ends: no test run leaves one behind.
package main

import (
	"fmt"
	"net/url"
	"os"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
	"k8s.io/component-base/cli"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

func main() {
	if len(os.Args) < 2 {
		fail("usage: %s FOLDER [FLAG OF KUBE-APISERVER]...", os.Args[0])
	}
	go endWith(os.Getppid())
	store, err := startEtcd(os.Args[1])
	if err != nil {
		fail("etcd: %v", err)
	}
	command := app.NewAPIServerCommand()
	command.SetArgs(append([]string{"--etcd-servers=http://" + store.Clients[0].Addr().String()}, os.Args[2:]...))
	code := cli.Run(command)
	store.Close()
	os.Exit(code)
}

// startEtcd starts etcd at ports of its own and waits until it serves.
func startEtcd(folder string) (*embed.Etcd, error) {
	anyPort := []url.URL{{Scheme: "http", Host: "127.0.0.1:0"}}
	config := embed.NewConfig()
	config.Dir = folder
	config.LogLevel = "warn"
	config.ListenClientUrls, config.AdvertiseClientUrls = anyPort, anyPort
	config.ListenPeerUrls, config.AdvertisePeerUrls = anyPort, anyPort
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	// What is written survives the end of the process, which is all that a test asks for; a power cut it does not.
	config.UnsafeNoFsync = true
	store, err := embed.StartEtcd(config)
	if err != nil {
		return nil, err
	}
	select {
	case <-store.Server.ReadyNotify():
		return store, nil
	case err = <-store.Err():
		return nil, err
	}
}

// endWith ends the program when another process takes the place of its parent. Linux could tell (PR_SET_PDEATHSIG), but
// tells already when the thread of the parent ends that started the program.
func endWith(parent int) {
	for range time.Tick(200 * time.Millisecond) {
		if os.Getppid() != parent {
			os.Exit(1)
		}
	}
}

func fail(format string, values ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", values...)
	os.Exit(1)
}
