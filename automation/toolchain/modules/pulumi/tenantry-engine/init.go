package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/pulumi/pulumi/pkg/v3/backend/display"
	cmdBackend "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/backend"
	cmdStack "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/stack"
	pkgWorkspace "github.com/pulumi/pulumi/pkg/v3/workspace"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/cmdutil"
)

func newInitCommand() *cobra.Command {
	var secretsProvider string
	cmd := &cobra.Command{
		Use:   "init <stack>...",
		Short: "Initialise stacks, one after the other, and write the settings of each beside the project",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, names []string) error {
			if err := cmdStack.ValidateSecretsProvider(secretsProvider); err != nil {
				return err
			}
			ws := pkgWorkspace.Instance
			project, root, err := ws.ReadProject()
			if err != nil {
				return err
			}
			show := display.Options{Color: cmdutil.GetGlobalColorization()}
			backend, err := cmdBackend.CurrentBackend(cmd.Context(), ws, cmdBackend.DefaultLoginManager, project, show)
			if err != nil {
				return err
			}
			for _, name := range names {
				if err := backend.ValidateStackName(name); err != nil {
					return err
				}
				_, err := cmdStack.InitStack(cmd.Context(), cmdutil.Diag(), ws, backend, name, root,
					false /* setCurrent */, secretsProvider, false /* useRemoteConfig */, "" /* settings: beside the project */)
				if err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&secretsProvider, "secrets-provider", "default", "what encrypts the stacks' secrets")
	return cmd
}
