// A CometBFT node with CometBFT's own application kvstore inside it, and the load on it: what `cometbft start
// --proxy_app=kvstore` runs, without a network between client and node.
//
// Usage: kvstore HOME. On standard input a line "COUNT BYTES RATE" sends so many transactions of so many bytes, evenly at
// RATE a second, or with 0 as fast as OUTSTANDING allow; the answer is a line of JSON.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/spf13/viper"

	"github.com/cometbft/cometbft/config"
	"github.com/cometbft/cometbft/libs/log"
	"github.com/cometbft/cometbft/node"
	"github.com/cometbft/cometbft/rpc/client/local"
	"github.com/cometbft/cometbft/types"
)

const outstanding = 8000
const patience = 2 * time.Minute

type answer struct {
	Begin     float64   `json:"begin"`
	End       float64   `json:"end"`
	Latencies []float64 `json:"latencies"`
}

// Load is what is under way: when each transaction was sent, and how long each one that is committed took.
type load struct {
	gate sync.Mutex
	sent map[string]time.Time
	room chan struct{}
	took []float64
	done chan struct{}
	left int
}

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(home string) error {
	settings := config.DefaultConfig()
	viper.SetConfigFile(home + "/config/config.toml")
	if err := viper.ReadInConfig(); err != nil {
		return err
	}
	if err := viper.Unmarshal(settings); err != nil {
		return err
	}
	settings.SetRoot(home)
	settings.ProxyApp = "kvstore"
	logger := log.NewFilter(log.NewTMLogger(log.NewSyncWriter(os.Stderr)), log.AllowError())
	here, err := node.DefaultNewNode(settings, logger)
	if err != nil {
		return err
	}
	if err := here.Start(); err != nil {
		return err
	}
	defer here.Stop()
	client := local.New(here)
	blocks, err := client.Subscribe(context.Background(), "bench", types.EventQueryNewBlock.String(), 1000)
	if err != nil {
		return err
	}
	var current *load
	var which sync.Mutex
	go func() {
		for event := range blocks {
			which.Lock()
			under := current
			which.Unlock()
			if under != nil {
				under.committed(event.Data.(types.EventDataNewBlock).Block.Txs)
			}
		}
	}()
	for {
		status, err := client.Status(context.Background())
		if err != nil {
			return err
		}
		if !status.SyncInfo.CatchingUp && status.SyncInfo.LatestBlockHeight > 0 {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	fmt.Println("ready")
	for number, lines := 0, bufio.NewScanner(os.Stdin); lines.Scan(); number++ {
		var count, bytes, rate int
		if _, err := fmt.Sscan(lines.Text(), &count, &bytes, &rate); err != nil {
			return err
		}
		next := &load{sent: map[string]time.Time{}, room: make(chan struct{}, outstanding), done: make(chan struct{}), left: count}
		which.Lock()
		current = next
		which.Unlock()
		told, err := next.run(client, fmt.Sprintf("%s-%d", here.NodeInfo().ID(), number), count, bytes, rate)
		if err != nil {
			return err
		}
		if err := json.NewEncoder(os.Stdout).Encode(told); err != nil {
			return err
		}
	}
	return nil
}

func (l *load) run(client *local.Local, name string, count, bytes, rate int) (*answer, error) {
	begin := time.Now()
	for at := 0; at < count; at++ {
		if rate > 0 {
			time.Sleep(time.Until(begin.Add(time.Duration(at) * time.Second / time.Duration(rate))))
		}
		l.room <- struct{}{}
		tx := fmt.Sprintf("%s-%d=", name, at)
		tx += strings.Repeat("x", max(1, bytes-len(tx)))
		l.gate.Lock()
		l.sent[tx] = time.Now()
		l.gate.Unlock()
		told, err := client.BroadcastTxSync(context.Background(), types.Tx(tx))
		if err != nil {
			return nil, err
		}
		if told.Code != 0 {
			return nil, fmt.Errorf("refused with %d %s", told.Code, told.Log)
		}
	}
	select {
	case <-l.done:
	case <-time.After(patience):
		return nil, fmt.Errorf("%d transactions are in no block", l.left)
	}
	return &answer{seconds(begin), seconds(time.Now()), l.took}, nil
}

func (l *load) committed(txs types.Txs) {
	now := time.Now()
	l.gate.Lock()
	defer l.gate.Unlock()
	for _, tx := range txs {
		sent, own := l.sent[string(tx)]
		if !own {
			continue
		}
		delete(l.sent, string(tx))
		l.took = append(l.took, float64(now.Sub(sent).Microseconds())/1000)
		<-l.room
		if l.left--; l.left == 0 {
			close(l.done)
		}
	}
}

func seconds(moment time.Time) float64 { return float64(moment.UnixMicro()) / 1e6 }
