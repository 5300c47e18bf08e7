// Command tenantry-engine is Pulumi's engine with the few commands that the driver calls: `up`, `preview` and `destroy`
// of its own, and Pulumi's `stack` and `cancel`. It takes the flags of Pulumi's CLI, so that the Automation API can call
// the one or the other. `init`, which Pulumi does not have, initialises many stacks at the price of one start.
//
// The CLI spends 150 ms of processor time at each start on what an operation never uses: dictionaries that judge
// passphrases, lexers that colour source code, a log of its own. A payment starts one engine, which lives for half a
// second: leaving that out makes a tenant in two thirds of the time.
package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/cancel"
	cmdCmd "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/cmd"
	cmdStack "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/stack"
	pkgWorkspace "github.com/pulumi/pulumi/pkg/v3/workspace"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/cmdutil"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/logging"
	"github.com/pulumi/pulumi/sdk/v3/go/common/version"
)

// revision counts the versions of this program on one version of Pulumi, so that caches tell them apart.
const revision = "3"

func main() {
	root := newRootCommand()
	if err := root.Execute(); err != nil {
		cmdCmd.DisplayErrorMessage(root.Context(), err, root.ErrOrStderr())
		logging.Flush()
		os.Exit(cmdCmd.ExitCodeFor(err))
	}
}

func newRootCommand() *cobra.Command {
	var color string
	root := &cobra.Command{
		Use:           "tenantry-engine",
		Short:         "Pulumi's engine for operations on tenants' stacks",
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			logging.InitLogging(false /* to stderr */, 0 /* verbosity */, false /* flow to plugins */)
			return cmdutil.SetGlobalColorization(color)
		},
	}
	flags := root.PersistentFlags()
	flags.StringVar(&color, "color", "never", "always, never, raw or auto")
	flags.BoolVar(&cmdutil.DisableInteractive, "non-interactive", true, "never ask")
	root.AddCommand(
		newUpCommand(),
		newPreviewCommand(),
		newDestroyCommand(),
		newInitCommand(),
		cmdStack.NewStackCmd(),
		cancel.NewCancelCmd(pkgWorkspace.Instance),
		&cobra.Command{
			Use:   "version",
			Short: "Print the versions of Pulumi's engine and of this program",
			Args:  cobra.NoArgs,
			Run: func(cmd *cobra.Command, _ []string) {
				fmt.Fprintf(cmd.OutOrStdout(), "%s-%s\n", version.Version, revision)
			},
		},
	)
	return root
}
