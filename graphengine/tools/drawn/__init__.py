"""What an editor of graphs needs: which kinds of cards there are, and the graph that drawn cards mean."""
